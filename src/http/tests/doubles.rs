//! Services that behave, in memory: three channels, three users, one key.

use crate::http::error::ApiError;
use crate::http::principal::{Identity, Principal};
use crate::http::services::{
    BoxFuture, CatalogueApi, Changes, ChannelQuery, Feeds, Keys, Links, NewLink, OnAirControl, PageSettings,
    Pages, Providers, Services, SignIn,
};
use crate::wire::catalogue::{
    CatalogueStatus, Category, Channel, ChannelPage, Group, Groups, NewProvider, ProviderAccess,
    ProviderKind, ProviderOrigin, ProviderView, RefreshScheduled, Stats,
};
use crate::wire::changes::{ChannelEdit, Preview, RuleRequest, RuleView};
use crate::wire::feeds::{FeedCounters, FeedState, FeedView};
use crate::wire::links::LinkView;
use crate::wire::on_air::{Engine, OnAirState, Started, StreamStatus};
use crate::wire::providers::ProviderLogin;
use crate::wire::sign_in::{KeyCreated, KeyRequest, KeyView, LoginAnswer, Me, MeChange};
use crate::wire::system::AdminPasswordAnswer;
use crate::wire::{ChannelId, Paging, Role, Secret, time};
use jiff::Timestamp;
use parking_lot::Mutex;
use std::collections::HashSet;
use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::watch;

pub(super) struct World {
    pub(super) on_air: watch::Sender<StreamStatus>,
    revoked: Mutex<HashSet<String>>,
    keys: Mutex<Vec<(KeyView, String)>>,
    links: Mutex<Vec<(LinkView, Option<i64>)>>,
    providers: Mutex<Vec<ProviderView>>,
    refreshing: Mutex<bool>,
    edits: Mutex<std::collections::HashMap<ChannelId, ChannelEdit>>,
    rules: Mutex<Vec<RuleView>>,
    tickets: Mutex<u32>,
    pub(super) last_address: Mutex<Option<IpAddr>>,
}

const CHANNELS: [(&str, &str); 3] = [("123456", "TF1 HD"), ("hbo_hd", "HBO HD"), ("7", "Arte")];

fn name_of(id: &ChannelId) -> Option<&'static str> {
    CHANNELS.iter().find(|(known, _)| *known == id.as_str()).map(|(_, name)| *name)
}

fn ok<'a, T: Send + 'a>(value: T) -> BoxFuture<'a, T> {
    Box::pin(async move { Ok(value) })
}

fn done<'a, T: Send + 'a>(value: Result<T, ApiError>) -> BoxFuture<'a, T> {
    Box::pin(async move { value })
}

impl World {
    pub(super) fn new() -> Self {
        Self {
            on_air: watch::Sender::new(StreamStatus::default()),
            revoked: Mutex::default(),
            keys: Mutex::default(),
            links: Mutex::default(),
            providers: Mutex::default(),
            refreshing: Mutex::default(),
            edits: Mutex::default(),
            rules: Mutex::default(),
            tickets: Mutex::default(),
            last_address: Mutex::default(),
        }
    }

    pub(super) fn services(self: &Arc<Self>) -> Services {
        Services {
            sign_in: self.clone(),
            keys: self.clone(),
            on_air: self.clone(),
            links: self.clone(),
            catalogue: self.clone(),
            changes: self.clone(),
            providers: self.clone(),
            feeds: self.clone(),
            pages: self.clone(),
            guide: self.clone(),
            viewers: self.clone(),
        }
    }
}

impl SignIn for World {
    fn login<'a>(
        &'a self,
        username: &'a str,
        password: &'a Secret,
        from: IpAddr,
    ) -> BoxFuture<'a, LoginAnswer> {
        *self.last_address.lock() = Some(from);
        done(match (username, password.expose()) {
            ("admin", "correct horse") => Ok(LoginAnswer {
                access_token: "admin-jwt".into(),
                token_type: "Bearer".into(),
                expires_in: 3600,
            }),
            ("broken", _) => Err(ApiError::internal("planted-fault-words")),
            _ => Err(ApiError::unauthorized("Wrong name or password")),
        })
    }

    fn logout<'a>(&'a self, token: &'a Secret) -> BoxFuture<'a, ()> {
        self.revoked.lock().insert(token.expose().to_owned());
        ok(())
    }

    fn identify<'a>(&'a self, credential: &'a Secret) -> BoxFuture<'a, Option<Principal>> {
        let token = credential.expose();
        if self.revoked.lock().contains(token) {
            return ok(None);
        }
        let user =
            |id, name: &str, role| Some(Principal { role, name: name.into(), identity: Identity::User(id) });
        ok(match token {
            "admin-jwt" => user(1, "admin", Role::Admin),
            "moderator-jwt" => user(2, "mod", Role::Moderator),
            "user-jwt" => user(3, "john", Role::User),
            "other-jwt" => user(4, "jane", Role::User),
            key => self.keys.lock().iter().find(|(_, known)| known == key).map(|(view, _)| Principal {
                role: view.role,
                name: view.name.clone(),
                identity: Identity::Key(view.id),
            }),
        })
    }

    fn me<'a>(&'a self, who: &'a Principal, base_url: &'a str) -> BoxFuture<'a, Me> {
        let user = who.user();
        ok(Me {
            id: user,
            username: who.name.clone(),
            email: None,
            role: who.role,
            is_active: true,
            max_connections: user.map(|_| 1),
            expires_at: None,
            token: user.map(|id| format!("viewer-{id}").into()),
            playlist_url: user.map(|id| format!("{base_url}/playlist.m3u?token=viewer-{id}")),
            epg_url: None,
        })
    }

    fn change_me<'a>(&'a self, who: &'a Principal, change: MeChange) -> BoxFuture<'a, ()> {
        done(match (who.user(), change.password) {
            (None, _) => Err(ApiError::forbidden("No user")),
            (_, Some(password)) if password.expose().len() < 8 => {
                Err(ApiError::invalid([("password", "is too short")]))
            }
            _ => Ok(()),
        })
    }

    fn set_admin_password<'a>(&'a self, password: Option<Secret>) -> BoxFuture<'a, AdminPasswordAnswer> {
        let made = password.is_none().then(|| "made-up-password".into());
        ok(AdminPasswordAnswer { status: "success".into(), username: "admin".into(), password: made })
    }
}

impl Keys for World {
    fn list(&self, paging: Paging) -> BoxFuture<'_, (Vec<KeyView>, u64)> {
        let all: Vec<_> = self.keys.lock().iter().map(|(view, _)| view.clone()).collect();
        let total = all.len() as u64;
        ok((paging.slice(all), total))
    }

    fn create(&self, request: KeyRequest) -> BoxFuture<'_, KeyCreated> {
        let mut keys = self.keys.lock();
        if keys.iter().any(|(view, _)| view.name == request.name) {
            return done(Err(ApiError::already_exists("There is a key of that name")));
        }
        let id = keys.len() as i64 + 1;
        let key = format!("key-{id}");
        let view = KeyView {
            id,
            name: request.name,
            role: request.role,
            created_at: Some(time::now()),
            expires_at: request.expires_at,
            last_used: None,
        };
        keys.push((view.clone(), key.clone()));
        ok(KeyCreated { key: key.into(), view })
    }

    fn delete(&self, id: i64) -> BoxFuture<'_, bool> {
        let mut keys = self.keys.lock();
        let before = keys.len();
        keys.retain(|(view, _)| view.id != id);
        ok(keys.len() < before)
    }
}

impl OnAirControl for World {
    fn start(&self, id: ChannelId) -> BoxFuture<'_, Started> {
        let Some(name) = name_of(&id) else { return done(Err(ApiError::no_such_channel(&id))) };
        self.on_air.send_modify(|status| {
            *status = StreamStatus {
                active: true,
                channel_id: Some(id),
                channel_name: Some(name.into()),
                started_at: time::parse("2025-12-24T10:30:00Z"),
                state: OnAirState::Starting,
                viewers: 0,
                generation: status.generation + 1,
            }
        });
        ok(Started::new(name))
    }

    fn stop(&self) -> BoxFuture<'_, bool> {
        let was = self.on_air.borrow().active;
        self.on_air.send_modify(|status| {
            let generation = status.generation + u64::from(was);
            *status = StreamStatus { generation, ..StreamStatus::default() };
        });
        ok(was)
    }

    fn status(&self) -> StreamStatus {
        self.on_air.borrow().clone()
    }

    fn watch(&self) -> watch::Receiver<StreamStatus> {
        self.on_air.subscribe()
    }
}

impl Links for World {
    fn create<'a>(
        &'a self,
        who: &'a Principal,
        channel: &'a ChannelId,
        life: Duration,
    ) -> BoxFuture<'a, NewLink> {
        let Some(name) = name_of(channel) else { return done(Err(ApiError::no_such_channel(channel))) };
        let mut links = self.links.lock();
        let id = format!("link{}", links.len());
        let start: Timestamp = "2025-01-01T00:00:00Z".parse().expect("time");
        let expires_at = start + life;
        let view = LinkView {
            id: id.clone(),
            channel_id: channel.clone(),
            channel_name: Some(name.into()),
            created_by: Some(who.name.clone()),
            created_at: Some(start),
            expires_at: Some(expires_at),
        };
        links.push((view, who.user()));
        ok(NewLink { id, expires_at })
    }

    fn list(&self, owner: Option<i64>, paging: Paging) -> BoxFuture<'_, (Vec<LinkView>, u64)> {
        let links = self.links.lock();
        let own = links.iter().filter(|(_, of)| owner.is_none() || *of == owner);
        let all: Vec<_> = own.map(|(view, _)| view.clone()).rev().collect();
        let total = all.len() as u64;
        ok((paging.slice(all), total))
    }

    fn delete<'a>(&'a self, id: &'a str, owner: Option<i64>) -> BoxFuture<'a, bool> {
        let mut links = self.links.lock();
        let before = links.len();
        links.retain(|(view, of)| view.id != id || (owner.is_some() && *of != owner));
        ok(links.len() < before)
    }
}

impl CatalogueApi for World {
    fn channels(&self, query: ChannelQuery) -> BoxFuture<'_, ChannelPage> {
        let matches = |name: &str| {
            query.search.as_ref().is_none_or(|words| name.to_lowercase().contains(&words.to_lowercase()))
                && query.category.is_none_or(|kind| kind == Category::Tv)
                && query.group.as_ref().is_none_or(|group| group == "France")
        };
        let all: Vec<Channel> = CHANNELS
            .iter()
            .filter(|(_, name)| matches(name))
            .map(|(id, name)| Channel {
                channel_id: id.parse().expect("id"),
                name: (*name).into(),
                group: Some("France".into()),
                category: Category::Tv,
                logo_url: None,
                number: None,
                tvg_id: None,
                is_active: true,
                provider: "home".into(),
                hidden: false,
                favourite: false,
            })
            .collect();
        let total = all.len() as u64;
        ok(ChannelPage {
            items: query.paging.slice(all),
            total,
            page: query.paging.page as u32,
            page_size: query.paging.per_page as u32,
            pages: query.paging.pages(total),
        })
    }

    fn groups(&self) -> BoxFuture<'_, Groups> {
        ok(Groups { groups: vec![Group { id: 1, name: "France".into(), count: 3 }] })
    }

    fn stats(&self) -> BoxFuture<'_, Stats> {
        ok(Stats { tv: 3, total: 3, ..Stats::default() })
    }

    fn status(&self) -> BoxFuture<'_, CatalogueStatus> {
        ok(CatalogueStatus {
            refreshing: *self.refreshing.lock(),
            progress: 1.0,
            last_refresh: None,
            channel_count: 3,
            stale: false,
            error: None,
        })
    }

    fn refresh(&self) -> BoxFuture<'_, RefreshScheduled> {
        let already_running = std::mem::replace(&mut *self.refreshing.lock(), true);
        ok(RefreshScheduled { already_running })
    }

    fn login(&self, login: ProviderLogin) -> BoxFuture<'_, bool> {
        done(match login.password.expose() {
            "wrong" => Err(ApiError::unauthorized("The provider refuses these credentials")),
            _ => Ok(!login.host.expose().contains("unreachable")),
        })
    }
}

impl Providers for World {
    fn list(&self) -> BoxFuture<'_, Vec<ProviderView>> {
        ok(self.providers.lock().clone())
    }

    fn show<'a>(&'a self, provider: &'a str) -> BoxFuture<'a, Option<ProviderView>> {
        ok(self.providers.lock().iter().find(|view| view.name == provider).cloned())
    }

    fn create(&self, provider: NewProvider) -> BoxFuture<'_, ProviderView> {
        let mut providers = self.providers.lock();
        let view = ProviderView {
            id: providers.len() as i64 + 1,
            name: provider.name,
            kind: match provider.access {
                ProviderAccess::Xtream { .. } => ProviderKind::Xtream,
                ProviderAccess::M3u { .. } => ProviderKind::M3u,
            },
            origin: ProviderOrigin::Stored,
            address: "http://provider.example/…".into(),
            account: None,
            user_agent: provider.user_agent,
            header_names: provider.headers.into_iter().map(|(name, _)| name).collect(),
            verify_tls: provider.verify_tls,
            max_connections: provider.max_connections.unwrap_or(1),
            max_connections_overridden: provider.max_connections.is_some(),
            refresh_interval: provider.refresh_interval.unwrap_or(86_400),
            enabled: provider.enabled,
            channel_count: 0,
            refreshing: true,
            progress: 0.0,
            last_refresh: None,
            last_attempt: None,
            last_error: None,
            odd: 0,
            repeated: 0,
            alert: None,
        };
        providers.push(view.clone());
        ok(view)
    }

    fn delete<'a>(&'a self, provider: &'a str) -> BoxFuture<'a, bool> {
        let mut providers = self.providers.lock();
        let before = providers.len();
        providers.retain(|view| view.name != provider);
        ok(providers.len() < before)
    }

    fn refresh<'a>(&'a self, provider: &'a str, _: bool) -> BoxFuture<'a, Option<RefreshScheduled>> {
        let known = self.providers.lock().iter().any(|view| view.name == provider);
        ok(known.then_some(RefreshScheduled { already_running: true }))
    }
}

impl Changes for World {
    fn edit_of<'a>(&'a self, id: &'a ChannelId) -> BoxFuture<'a, Option<ChannelEdit>> {
        ok(self.edits.lock().get(id).cloned())
    }

    fn edit<'a>(&'a self, id: &'a ChannelId, edit: ChannelEdit) -> BoxFuture<'a, bool> {
        let known = *id == 7.into();
        if known {
            self.edits.lock().insert(id.clone(), edit);
        }
        ok(known)
    }

    fn rules(&self) -> BoxFuture<'_, Vec<RuleView>> {
        ok(self.rules.lock().clone())
    }

    fn add_rule(&self, rule: RuleRequest) -> BoxFuture<'_, RuleView> {
        let mut rules = self.rules.lock();
        let view = RuleView { id: rules.len() as i64 + 1, rule };
        rules.push(view.clone());
        ok(view)
    }

    fn change_rule(&self, id: i64, rule: RuleRequest) -> BoxFuture<'_, Option<RuleView>> {
        let mut rules = self.rules.lock();
        let found = rules.iter_mut().find(|view| view.id == id);
        ok(found.map(|view| {
            view.rule = rule;
            view.clone()
        }))
    }

    fn remove_rule(&self, id: i64) -> BoxFuture<'_, bool> {
        let mut rules = self.rules.lock();
        let before = rules.len();
        rules.retain(|view| view.id != id);
        ok(rules.len() < before)
    }

    fn preview(&self, _: RuleRequest, most: usize) -> BoxFuture<'_, Preview> {
        ok(Preview { total: most as u64, items: Vec::new() })
    }
}

impl Feeds for World {
    fn list(&self) -> Vec<FeedView> {
        let status = self.on_air.borrow().clone();
        let Some(channel_id) = status.channel_id else { return Vec::new() };
        vec![FeedView {
            channel_id,
            name: status.channel_name.unwrap_or_default(),
            state: FeedState::Live,
            reason: None,
            detail: None,
            since: status.started_at,
            viewers: status.viewers,
            bitrate: None,
            engine: Some("http_ts".into()),
            source: Some(0),
            video: None,
            audio: Vec::new(),
            counters: FeedCounters::default(),
        }]
    }
}

impl Pages for World {
    fn ticket(&self) -> Secret {
        let mut tickets = self.tickets.lock();
        *tickets += 1;
        format!("ticket-{tickets}").into()
    }

    fn settings(&self) -> PageSettings {
        PageSettings { engine: Engine::Auto, delay: 2.0 }
    }
}
