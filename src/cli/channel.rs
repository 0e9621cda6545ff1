//! `relais channel …`

use super::output::{Output, Table};
use crate::client::{ChannelPage, Client};
use clap::{Args, Subcommand};

#[derive(Debug, Subcommand)]
pub(super) enum Command {
    /// List channels
    List(List),
}

#[derive(Debug, Args)]
pub(super) struct List {
    /// Only those with this in their name
    #[arg(long, value_name = "TEXT", default_value = "")]
    search: String,
    /// Only those of this group
    #[arg(long, default_value = "")]
    group: String,
    /// At most this many
    #[arg(long, default_value_t = 50, value_parser = clap::value_parser!(u32).range(1..=500))]
    limit: u32,
}

impl Command {
    pub(super) async fn run(self, client: &Client, out: &Output) -> anyhow::Result<()> {
        let Self::List(List { search, group, limit }) = self;
        let answer = client.channels(&search, &group, limit).await?;
        out.show(&answer.json, || text(&answer.value))?;
        Ok(())
    }
}

fn text(page: &ChannelPage) -> String {
    if page.items.is_empty() {
        return "No channels".to_owned();
    }
    let mut table = Table::new(&["id", "name", "category", "group"]);
    for channel in &page.items {
        let optional = |text: &Option<String>| text.clone().unwrap_or_default();
        table.row(vec![
            channel.channel_id.to_string(),
            channel.name.clone(),
            optional(&channel.category),
            optional(&channel.group),
        ]);
    }
    let shown = page.items.len() as u64;
    let rest =
        if page.total > shown { format!("\n{shown} of {} channels", page.total) } else { String::new() };
    format!("{table}{rest}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cut_list_says_so() {
        let page = serde_json::json!({"items": [{"channel_id": 1, "name": "A", "group": null, "category": "tv"}], "total": 9});
        let page: ChannelPage = serde_json::from_value(page).expect("page");
        assert_eq!(text(&page), "ID  NAME  CATEGORY  GROUP\n1   A     tv\n\n1 of 9 channels");
    }
}
