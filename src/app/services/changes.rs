//! What administrators change about channels.

use super::catalogue::catalogue_error;
use crate::app::book::Catalogue;
use crate::http::services::{BoxFuture, Changes};
use crate::wire::ChannelId;
use crate::wire::changes::{ChannelEdit, Preview, RuleRequest, RuleView};

pub(super) struct Editing(pub(super) Catalogue);

impl Changes for Editing {
    fn edit_of<'a>(&'a self, id: &'a ChannelId) -> BoxFuture<'a, Option<ChannelEdit>> {
        Box::pin(async move { self.0.edit_of(id).await.map_err(catalogue_error) })
    }

    fn edit<'a>(&'a self, id: &'a ChannelId, edit: ChannelEdit) -> BoxFuture<'a, bool> {
        Box::pin(async move { self.0.edit(id, edit).await.map_err(catalogue_error) })
    }

    fn rules(&self) -> BoxFuture<'_, Vec<RuleView>> {
        Box::pin(async move { self.0.rules().await.map_err(catalogue_error) })
    }

    fn add_rule(&self, rule: RuleRequest) -> BoxFuture<'_, RuleView> {
        Box::pin(async move { self.0.add_rule(rule).await.map_err(catalogue_error) })
    }

    fn change_rule(&self, id: i64, rule: RuleRequest) -> BoxFuture<'_, Option<RuleView>> {
        Box::pin(async move { self.0.change_rule(id, rule).await.map_err(catalogue_error) })
    }

    fn remove_rule(&self, id: i64) -> BoxFuture<'_, bool> {
        Box::pin(async move { self.0.remove_rule(id).await.map_err(catalogue_error) })
    }

    fn preview(&self, rule: RuleRequest, most: usize) -> BoxFuture<'_, Preview> {
        Box::pin(async move { self.0.preview(rule, most).await.map_err(catalogue_error) })
    }
}
