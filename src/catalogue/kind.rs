//! The normalised kind of a channel, from its address, group and name.

use super::fold::fold;
use crate::wire::catalogue::Category;

const MOVIES: &[&str] = &[
    "movie",
    "movies",
    "film",
    "films",
    "filme",
    "filmes",
    "filmy",
    "cinema",
    "cine",
    "kino",
    "vod",
    "pelicula",
    "peliculas",
    "sinema",
    "blockbuster",
    "blockbusters",
];
const SERIES: &[&str] = &[
    "series",
    "serie",
    "serien",
    "serial",
    "seriale",
    "serials",
    "season",
    "saison",
    "staffel",
    "temporada",
    "diziler",
];
const RADIO: &[&str] = &["radio", "radios"];
const FILES: &[&str] = &[".mkv", ".mp4", ".avi", ".mov", ".wmv", ".m4v", ".mpg", ".mpeg"];

/// What is known of an entry.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Hints<'a> {
    pub(super) group: Option<&'a str>,
    /// The name without case and diacritics.
    pub(super) folded: &'a str,
    /// The address's path, without credentials' meaning: only its shape is looked at.
    pub(super) path: &'a str,
    /// The list says that it does not end.
    pub(super) live: bool,
    /// The list says that it is a radio.
    pub(super) radio: bool,
}

/// The kind. Where the path tells, it decides; then an episode's number, the group, the name.
pub(super) fn kind(hints: Hints<'_>) -> Category {
    let path = hints.path.split(['?', '#']).next().unwrap_or("").to_ascii_lowercase();
    if path.contains("/series/") {
        return Category::Series;
    }
    if path.contains("/movie/") {
        return Category::Movies;
    }
    if hints.radio {
        return Category::Other;
    }
    let name = hints.folded;
    if has_episode(name) {
        return Category::Series;
    }
    for text in [hints.group.map(fold).as_deref().unwrap_or(""), name] {
        let has =
            |words: &[&str]| text.split(|c: char| !c.is_alphanumeric()).any(|word| words.contains(&word));
        if has(SERIES) {
            return Category::Series;
        }
        if has(MOVIES) {
            return Category::Movies;
        }
        if has(RADIO) {
            return Category::Other;
        }
    }
    if FILES.iter().any(|end| path.ends_with(end)) {
        return Category::Movies;
    }
    if hints.live { Category::Tv } else { Category::Other }
}

/// `S01E02`, `s1 e2`.
fn has_episode(folded: &str) -> bool {
    folded.split(|c: char| !c.is_ascii_alphanumeric()).any(|word| {
        let Some((season, episode)) = word.strip_prefix('s').and_then(|rest| rest.split_once('e')) else {
            return false;
        };
        let digits = |text: &str| (1..=4).contains(&text.len()) && text.bytes().all(|b| b.is_ascii_digit());
        digits(season) && digits(episode)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn kinds() {
        let live = |group, name| {
            let folded = &fold(name);
            kind(Hints { group: Some(group), folded, path: "/u/p/1.ts", live: true, radio: false })
        };
        for (group, name, expected) in [
            ("France", "TF1 HD", Category::Tv),
            ("Sports", "beIN 1", Category::Tv),
            ("Séries 24/7", "Friends", Category::Series),
            ("FR | CINÉMA", "OCS Max", Category::Movies),
            ("General", "Film4", Category::Tv),
            ("VOD: Action", "Heat", Category::Movies),
            ("Radio", "FIP", Category::Other),
            ("X", "The Wire S01E02", Category::Series),
            ("X", "Seasoned", Category::Tv),
        ] {
            assert_eq!(live(group, name), expected, "{group} {name}");
        }
        let path = |path| kind(Hints { folded: "x", path, live: true, ..Hints::default() });
        assert_eq!(path("/movie/u/p/1.mkv"), Category::Movies);
        assert_eq!(path("/series/u/p/1.mkv"), Category::Series);
        assert_eq!(path("/v/1.MP4?x=.ts"), Category::Movies);
        assert_eq!(path("/live/u/p/1.ts"), Category::Tv);
        assert_eq!(kind(Hints { folded: "x", ..Hints::default() }), Category::Other);
        assert_eq!(kind(Hints { folded: "x", live: true, radio: true, ..Hints::default() }), Category::Other);
    }
}
