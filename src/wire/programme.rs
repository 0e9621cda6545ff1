//! What a guide says of a programme, apart from when and where.

use serde::{Deserialize, Serialize};

/// The texts and numbers of a programme. What the guide does not say is null, or empty.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct About {
    /// Its title.
    pub title: String,
    /// The episode's title.
    pub sub_title: Option<String>,
    /// What it is about.
    pub description: Option<String>,
    /// Genres.
    pub categories: Vec<String>,
    /// A picture's address.
    pub icon: Option<String>,
    /// From 1.
    pub season: Option<u32>,
    /// From 1, within the season.
    pub episode: Option<u32>,
    /// From 1, of an episode that is shown in parts.
    pub part: Option<u32>,
    /// The episode's number as it is written on screen.
    pub episode_text: Option<String>,
    /// The age it is for.
    pub rating: Option<String>,
    /// When it was made: `2019`, `201904` or `20190430`.
    pub date: Option<String>,
    /// Shown for the first time.
    pub new: bool,
    /// Shown before.
    pub previously_shown: bool,
}
