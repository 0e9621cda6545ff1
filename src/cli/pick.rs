//! Naming a channel: by its id, or by an unambiguous part of its name.

use crate::client::{Answer, ChannelPage, Client, ClientError};
use crate::wire::ChannelId;
use std::fmt::Write;

/// How many candidates are listed.
const LISTED: usize = 10;
/// How many search results are looked at for one that is named exactly so.
const LOOKED_AT: u32 = 500;

/// The text names no channel, or several.
#[derive(Debug, thiserror::Error)]
pub(super) enum PickError {
    #[error("no channel has the id or a name with {text:?}. See `relais channel list --search`")]
    None { text: String },
    #[error("{text:?} is in the names of {total} channels. Give more of the name, or the id:{listed}")]
    Many { text: String, total: u64, listed: String },
}

/// Does `action` with the channel that `text` names. An id wins over names: it is tried first, and the
/// service says whether it exists.
pub(super) async fn with_channel<T>(
    client: &Client,
    text: &str,
    action: impl AsyncFn(&ChannelId) -> Result<Answer<T>, ClientError>,
) -> anyhow::Result<Answer<T>> {
    let text = text.trim();
    if let Ok(id) = text.parse::<ChannelId>() {
        match action(&id).await {
            Err(error) if error.is_not_found() => {}
            outcome => return Ok(outcome?),
        }
    }
    let page = client.channels(text, "", LOOKED_AT).await?.value;
    Ok(action(&choose(text, &page)?).await?)
}

/// The channel that is named exactly so, else the only one found.
fn choose(text: &str, page: &ChannelPage) -> Result<ChannelId, PickError> {
    let wanted = text.to_lowercase();
    let mut exact = page.items.iter().filter(|channel| channel.name.to_lowercase() == wanted);
    match (exact.next(), exact.next(), page.items.as_slice()) {
        (Some(channel), None, _) | (None, _, [channel]) if page.total >= 1 => Ok(channel.channel_id.clone()),
        (_, _, []) => Err(PickError::None { text: text.to_owned() }),
        (_, _, channels) => {
            let mut listed = String::new();
            for channel in channels.iter().take(LISTED) {
                // Writing to a String can't fail.
                let _ = write!(listed, "\n  {}  {}", channel.channel_id, channel.name);
            }
            if page.total > LISTED as u64 {
                listed.push_str("\n  …");
            }
            Err(PickError::Many { text: text.to_owned(), total: page.total, listed })
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn page(names: &[&str]) -> ChannelPage {
        let items = names.iter().enumerate();
        let items = items.map(|(id, name)| serde_json::json!({"channel_id": id, "name": name}));
        let page = serde_json::json!({"items": items.collect::<Vec<_>>(), "total": names.len()});
        serde_json::from_value(page).expect("page")
    }

    fn chosen(text: &str, names: &[&str]) -> String {
        match choose(text, &page(names)) {
            Ok(id) => id.to_string(),
            Err(error) => error.to_string(),
        }
    }

    #[test]
    fn an_exact_name_or_the_only_match() {
        assert_eq!(chosen("tf1", &["TF1 HD", "TF1", "TF1 4K"]), "1");
        assert_eq!(chosen("news", &["World News"]), "0");
        assert!(chosen("news", &[]).starts_with("no channel has the id"));
        assert!(chosen("tf1", &["TF1", "TF1"]).contains("names of 2 channels"));
    }

    #[test]
    fn at_most_ten_candidates_are_listed() {
        let names = vec!["News"; 12];
        let text = chosen("new", &names);
        assert_eq!(text.lines().count(), 1 + 10 + 1, "{text}");
        assert!(text.contains("names of 12 channels") && text.ends_with('…'));
    }
}
