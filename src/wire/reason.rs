//! Why a source is not delivering: the closed list that states, logs and the API share.

use serde::{Deserialize, Serialize};
use std::fmt;

/// Why a source ended or never began. The names are what the API and the logs show.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Reason {
    /// The source closed the stream cleanly.
    Ended,
    /// 401 or 403, or FFmpeg's words for them. Not hammered.
    Auth,
    /// 404 or 410: the source does not have this stream.
    NotFound,
    /// 458, 509, 429 and the like, or no provider slot free: the account's connections are used up.
    Limit,
    /// Name not resolved, connection refused or reset, TLS failed, time-out while connecting, 5xx.
    Network,
    /// What came was not media: HTML, JSON, a picture, random bytes.
    NotMedia,
    /// More redirects than allowed, a loop, or a redirect to an address that is not allowed.
    Redirect,
    /// All of the programme is scrambled.
    Scrambled,
    /// A codec or container that can't be carried; FFmpeg could not find or convert a stream.
    Codec,
    /// Data flows, but no picture can be started from it: no keyframe for too long.
    NoKeyframe,
    /// Nothing came for too long.
    Stalled,
    /// FFmpeg was killed by a signal that relais did not send.
    Killed,
    /// The address can't be used: scheme refused, URL malformed.
    Unsupported,
    /// FFmpeg is missing or could not be started, or another fault of this box.
    Internal,
}

impl Reason {
    /// Reasons where trying again at once makes things worse: the provider bans or displaces.
    pub fn must_not_hammer(self) -> bool {
        matches!(self, Self::Auth | Self::Limit | Self::NotFound | Self::Unsupported)
    }

    /// A short sentence for people.
    pub fn words(self) -> &'static str {
        match self {
            Self::Ended => "the source ended the stream",
            Self::Auth => "the provider refuses the credentials",
            Self::NotFound => "the provider does not have this channel",
            Self::Limit => "the provider's connection limit is reached",
            Self::Network => "the source can't be reached",
            Self::NotMedia => "the source sends something that is not video",
            Self::Redirect => "the source redirects without end or to a forbidden address",
            Self::Scrambled => "the stream is scrambled",
            Self::Codec => "the stream's codec or container can't be carried",
            Self::NoKeyframe => "the stream has no keyframe to start from",
            Self::Stalled => "the source stopped sending",
            Self::Killed => "FFmpeg was killed",
            Self::Unsupported => "the source's address can't be used",
            Self::Internal => "this box could not start the source",
        }
    }
}

impl fmt::Display for Reason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.words())
    }
}
