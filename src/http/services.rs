//! What the handlers need done, as small traits: `app` implements them over the real services.
//!
//! Every error is an [`ApiError`], made where the room's own error is known. What a refusal must be is said at
//! each method; any other failure is [`ApiError::internal`] with the room's words, which reach the log alone.

use super::ApiError;
use super::principal::Principal;
use crate::wire::catalogue::{
    CatalogueStatus, Category, ChannelPage, Groups, NewProvider, ProviderView, RefreshScheduled, Stats,
};
use crate::wire::changes::{ChannelEdit, Preview, RuleRequest, RuleView};
use crate::wire::feeds::FeedView;
use crate::wire::guide::{
    HitPage, MatchPage, MatchRequest, MatchView, NowPage, Schedule, SourceRequest, SourceView,
};
use crate::wire::links::LinkView;
use crate::wire::on_air::{Started, StreamStatus};
use crate::wire::providers::ProviderLogin;
use crate::wire::sign_in::{KeyCreated, KeyRequest, KeyView, LoginAnswer, Me, MeChange};
use crate::wire::system::AdminPasswordAnswer;
use crate::wire::{ChannelId, Paging, Secret};
use bytes::Bytes;
use futures_util::stream::BoxStream;
use jiff::Timestamp;
use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::watch;

/// A boxed future, so that the traits can be objects.
pub type BoxFuture<'a, T> = futures_util::future::BoxFuture<'a, Result<T, ApiError>>;

/// All of them. Cloning is cheap.
#[derive(Clone)]
pub struct Services {
    /// Who signs in.
    pub sign_in: Arc<dyn SignIn>,
    /// API keys.
    pub keys: Arc<dyn Keys>,
    /// What is on air.
    pub on_air: Arc<dyn OnAirControl>,
    /// Temporary links.
    pub links: Arc<dyn Links>,
    /// Channels and groups.
    pub catalogue: Arc<dyn CatalogueApi>,
    /// What administrators change about channels.
    pub changes: Arc<dyn Changes>,
    /// Where channels come from.
    pub providers: Arc<dyn Providers>,
    /// What runs now.
    pub feeds: Arc<dyn Feeds>,
    /// What the player page is given.
    pub pages: Arc<dyn Pages>,
    /// The programme guide.
    pub guide: Arc<dyn GuideApi>,
    /// Whom viewer tokens belong to.
    pub viewers: Arc<dyn Viewers>,
}

/// Passwords, JWTs, API keys.
pub trait SignIn: Send + Sync {
    /// Checks a password and makes a JWT. Wrong name or password, or a disabled or lapsed user: 401, the same
    /// words and the same time for all. Throttled per address and account: `rate_limited`.
    fn login<'a>(
        &'a self,
        username: &'a str,
        password: &'a Secret,
        from: IpAddr,
    ) -> BoxFuture<'a, LoginAnswer>;

    /// Revokes that JWT until it would have lapsed, over a restart too.
    fn logout<'a>(&'a self, token: &'a Secret) -> BoxFuture<'a, ()>;

    /// Whose JWT or API key this is, checked against revocations, lapse and the user's being active *now*;
    /// `None`: nobody's. On the path of every request: no password hashing, no SQL where memory will do.
    fn identify<'a>(&'a self, credential: &'a Secret) -> BoxFuture<'a, Option<Principal>>;

    /// The profile of a signed-in user. For a key or the admin socket: name and role, the rest null.
    /// `base_url` has no slash at its end.
    fn me<'a>(&'a self, who: &'a Principal, base_url: &'a str) -> BoxFuture<'a, Me>;

    /// Changes one's own profile. Who is no user (a key, the admin socket): 403. A password too short: 422.
    fn change_me<'a>(&'a self, who: &'a Principal, change: MeChange) -> BoxFuture<'a, ()>;

    /// Sets the first administrator's password; `None`: makes one, and it is in the answer. Too short: 422.
    /// All of that administrator's JWTs end.
    fn set_admin_password<'a>(&'a self, password: Option<Secret>) -> BoxFuture<'a, AdminPasswordAnswer>;
}

/// API keys.
pub trait Keys: Send + Sync {
    /// A page of them, oldest first, and how many there are.
    fn list(&self, paging: Paging) -> BoxFuture<'_, (Vec<KeyView>, u64)>;

    /// Makes one; only its hash is stored. The name is taken: 409.
    fn create(&self, request: KeyRequest) -> BoxFuture<'_, KeyCreated>;

    /// Deletes one, at once for requests to come; `false`: there was none.
    fn delete(&self, id: i64) -> BoxFuture<'_, bool>;
}

/// The on-air stream.
pub trait OnAirControl: Send + Sync {
    /// Puts the channel on air in place of what is. Unknown: [`ApiError::no_such_channel`]. A provider that
    /// refuses: `upstream` with the reason's words; answered as soon as that is known, not when it plays.
    fn start(&self, id: ChannelId) -> BoxFuture<'_, Started>;

    /// Takes off air; `false`: nothing was.
    fn stop(&self) -> BoxFuture<'_, bool>;

    /// What is on air now.
    fn status(&self) -> StreamStatus;

    /// The same, with its changes.
    fn watch(&self) -> watch::Receiver<StreamStatus>;
}

/// A link that was made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewLink {
    /// At least 128 random bits: it is a capability.
    pub id: String,
    /// When it lapses.
    pub expires_at: Timestamp,
}

/// Temporary links.
pub trait Links: Send + Sync {
    /// Makes a link to a channel. Unknown: [`ApiError::no_such_channel`].
    fn create<'a>(
        &'a self,
        who: &'a Principal,
        channel: &'a ChannelId,
        life: Duration,
    ) -> BoxFuture<'a, NewLink>;

    /// A page of links that still work, newest first, and how many there are; `owner`: only that user's.
    fn list(&self, owner: Option<i64>, paging: Paging) -> BoxFuture<'_, (Vec<LinkView>, u64)>;

    /// Revokes one, and ends who watches by it; `owner`: only if it is that user's. `false`: there was none.
    fn delete<'a>(&'a self, id: &'a str, owner: Option<i64>) -> BoxFuture<'a, bool>;
}

/// Which channels are wanted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ChannelQuery {
    /// Page and its size.
    pub paging: Paging,
    /// Words in the name.
    pub search: Option<String>,
    /// A kind.
    pub category: Option<Category>,
    /// A group's name or id.
    pub group: Option<String>,
    /// A provider's name or number.
    pub provider: Option<String>,
    /// Only favourites.
    pub favourites: bool,
    /// Hidden ones: `None` without them, `Some(true)` only them, `Some(false)` both.
    pub hidden: Option<bool>,
    /// `listed`, `name`, `-name`, `number`, `-number`; empty: as the providers have them.
    pub sort: String,
}

/// Channels and groups.
pub trait CatalogueApi: Send + Sync {
    /// A page of channels. A group that does not exist has no channels.
    fn channels(&self, query: ChannelQuery) -> BoxFuture<'_, ChannelPage>;

    /// The groups with their counts.
    fn groups(&self) -> BoxFuture<'_, Groups>;

    /// Channels by kind.
    fn stats(&self) -> BoxFuture<'_, Stats>;

    /// How the refresh does.
    fn status(&self) -> BoxFuture<'_, CatalogueStatus>;

    /// Schedules a refresh of every provider and returns at once.
    fn refresh(&self) -> BoxFuture<'_, RefreshScheduled>;

    /// Takes Xtream credentials for this process only, checked at the provider: `true` verified, `false` the
    /// provider can't be reached; refused by it: 401; a host that is no address: 422 naming `host`.
    fn login(&self, login: ProviderLogin) -> BoxFuture<'_, bool>;
}

/// What administrators change about channels. What can't be is refused with its field: 422.
pub trait Changes: Send + Sync {
    /// What is different about a channel by hand; `None`: there is no such channel.
    fn edit_of<'a>(&'a self, id: &'a ChannelId) -> BoxFuture<'a, Option<ChannelEdit>>;

    /// Changes a channel; `false`: there is no such channel.
    fn edit<'a>(&'a self, id: &'a ChannelId, edit: ChannelEdit) -> BoxFuture<'a, bool>;

    /// The rules, in their order.
    fn rules(&self) -> BoxFuture<'_, Vec<RuleView>>;

    /// Adds a rule behind the others.
    fn add_rule(&self, rule: RuleRequest) -> BoxFuture<'_, RuleView>;

    /// Replaces a rule in its place; `None`: there is none of that number.
    fn change_rule(&self, id: i64, rule: RuleRequest) -> BoxFuture<'_, Option<RuleView>>;

    /// Removes a rule; `false`: there was none.
    fn remove_rule(&self, id: i64) -> BoxFuture<'_, bool>;

    /// What a rule would change: how many channels, and the first `most` of them.
    fn preview(&self, rule: RuleRequest, most: usize) -> BoxFuture<'_, Preview>;
}

/// Where channels come from.
pub trait Providers: Send + Sync {
    /// All of them; there are few.
    fn list(&self) -> BoxFuture<'_, Vec<ProviderView>>;

    /// One of them, by its number or its name.
    fn show<'a>(&'a self, provider: &'a str) -> BoxFuture<'a, Option<ProviderView>>;

    /// Adds one and schedules its first refresh. The name is taken: 409. A bad address: 422.
    fn create(&self, provider: NewProvider) -> BoxFuture<'_, ProviderView>;

    /// Removes one with its channels; `false`: there was none.
    fn delete<'a>(&'a self, provider: &'a str) -> BoxFuture<'a, bool>;

    /// Schedules a refresh of one; `force`: also where over half of its list is gone. `None`: there is none of that name
    /// or number.
    fn refresh<'a>(&'a self, provider: &'a str, force: bool) -> BoxFuture<'a, Option<RefreshScheduled>>;
}

/// What runs now.
pub trait Feeds: Send + Sync {
    /// A snapshot of all open feeds, by channel. Reads memory only.
    fn list(&self) -> Vec<FeedView>;
}

/// What the player page is given.
pub trait Pages: Send + Sync {
    /// A signed ticket that opens the page's internal media for the next minutes.
    fn ticket(&self) -> Secret;

    /// How the page shall play, as it is configured now.
    fn settings(&self) -> PageSettings;
}

/// How the page shall play.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct PageSettings {
    /// Its engine.
    pub engine: crate::wire::on_air::Engine,
    /// Seconds it builds in hand.
    pub delay: f64,
}

/// A time, in full seconds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Span {
    /// From then.
    pub from: Timestamp,
    /// To before then.
    pub to: Timestamp,
}

/// A guide as XMLTV.
pub struct GuideDocument {
    /// The same as long as the document is.
    pub version: String,
    /// The document, piece by piece; made as it is read.
    pub body: BoxStream<'static, std::io::Result<Bytes>>,
}

/// The programme guide. Sources are meant by their number or name.
pub trait GuideApi: Send + Sync {
    /// What runs on these channels in that time. A channel that does not exist: [`ApiError::no_such_channel`].
    fn schedule(&self, channels: Vec<ChannelId>, span: Span) -> BoxFuture<'_, Schedule>;

    /// A page of channels with what is on at that time and comes next.
    fn now(&self, query: ChannelQuery, at: Timestamp) -> BoxFuture<'_, NowPage>;

    /// Programmes with all these words that begin in that time.
    fn search(&self, words: String, span: Span, paging: Paging) -> BoxFuture<'_, HitPage>;

    /// All sources; there are few.
    fn sources(&self) -> BoxFuture<'_, Vec<SourceView>>;

    /// Adds one and schedules its first reading. The name is taken: 409. What can't be: 422 with its field.
    fn add(&self, request: SourceRequest) -> BoxFuture<'_, SourceView>;

    /// Changes what the request has; `None`: there is no such source.
    fn change<'a>(&'a self, source: &'a str, request: SourceRequest) -> BoxFuture<'a, Option<SourceView>>;

    /// Removes one with its programmes; `false`: there was none. A provider's: 409.
    fn remove<'a>(&'a self, source: &'a str) -> BoxFuture<'a, bool>;

    /// Schedules a reading; `force`: also where what comes would not replace a good guide. `None`: no such source.
    fn refresh<'a>(&'a self, source: &'a str, force: bool) -> BoxFuture<'a, Option<RefreshScheduled>>;

    /// A page of channels and their guides: those without one first, then the least certain.
    fn matches(&self, paging: Paging) -> BoxFuture<'_, MatchPage>;

    /// Says which guide a channel has. No such channel: 404.
    fn set_match(&self, channel: ChannelId, request: MatchRequest) -> BoxFuture<'_, MatchView>;

    /// Forgets that; `false`: nothing was said.
    fn clear_match(&self, channel: ChannelId) -> BoxFuture<'_, bool>;

    /// All of it for a viewer.
    fn document(&self, viewer: &Viewer) -> BoxFuture<'_, GuideDocument>;
}

/// Somebody who watches by a token.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Viewer {
    /// The user's number.
    pub id: i64,
    /// The user's name.
    pub name: String,
}

/// Viewer tokens.
pub trait Viewers: Send + Sync {
    /// Whose token it is. Nobody's: 401; a user who is disabled or has lapsed: 403.
    fn by_token<'a>(&'a self, token: &'a Secret) -> BoxFuture<'a, Viewer>;
}
