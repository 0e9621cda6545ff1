//! Which answer a request gets, before anything goes wrong with it.

use super::super::Spec;
use super::super::guide::Xmltv;
use super::super::pieces::{M3u, Pack, Pieces, Whole};
use super::super::xtream::{self, Section, Streams};
use super::Part;
use super::world::{Setup, World};
use crate::hell::request::Request;
use serde_json::{Value, json};
use std::sync::Arc;

/// Makes a body, as often as one likes.
pub(super) type Maker = Arc<dyn Fn() -> Box<dyn Pieces> + Send + Sync>;

/// What is to be sent.
pub(super) struct Answer {
    pub part: Part,
    pub status: u16,
    pub content_type: &'static str,
    /// Two bodies of the same key are the same.
    pub key: String,
    pub body: Maker,
}

impl Answer {
    fn new(part: Part, status: u16, content_type: &'static str, body: impl Into<Vec<u8>>) -> Self {
        let body: Vec<u8> = body.into();
        let key = format!(
            "{part:?} {status} {:x}",
            body.iter().fold(7, |sum, b| super::super::mix(sum, u64::from(*b)))
        );
        Self { part, status, content_type, key, body: Arc::new(move || Box::new(Whole::new(body.clone()))) }
    }

    fn json(part: Part, value: &Value) -> Self {
        Self::new(part, 200, "application/json", value.to_string())
    }

    fn made(part: Part, content_type: &'static str, (key, body): (String, Maker)) -> Self {
        Self { part, status: 200, content_type, key, body }
    }
}

pub(super) fn to(request: &Request, world: &World) -> Answer {
    let setup = world.setup().clone();
    let path = request.path.trim_matches('/');
    let known =
        request.query("username") == setup.spec.username && request.query("password") == setup.spec.password;
    let refused = |part| Answer::new(part, 403, "text/plain", "wrong credentials\n");
    match path {
        "player_api.php" | "panel_api.php" => panel(request, &setup, world),
        "get.php" if known => Answer::made(Part::List, "audio/x-mpegurl", list(&setup, Pack::Plain)),
        "get.php" => refused(Part::List),
        "list.m3u" => Answer::made(Part::List, "audio/x-mpegurl", list(&setup, Pack::Plain)),
        "list.m3u.gz" => Answer::made(Part::List, "application/gzip", list(&setup, Pack::Gzip)),
        "list.m3u.xz" => Answer::made(Part::List, "application/x-xz", list(&setup, Pack::Xz)),
        "xmltv.php" | "epg.php" if known => {
            Answer::made(Part::Guide, "application/xml", guide(&setup, Pack::Plain))
        }
        "xmltv.php" | "epg.php" => refused(Part::Guide),
        "epg.xml" => Answer::made(Part::Guide, "application/xml", guide(&setup, Pack::Plain)),
        "epg.xml.gz" => Answer::made(Part::Guide, "application/gzip", guide(&setup, Pack::Gzip)),
        _ => Answer::new(Part::Media, 404, "text/plain", "no stream here\n"),
    }
}

pub(super) fn list(setup: &Setup, pack: Pack) -> (String, Maker) {
    let spec = setup.spec.clone();
    (format!("list {pack:?} {spec:?}"), Arc::new(move || pack.wrap(Box::new(M3u::new(spec.clone())))))
}

pub(super) fn guide(setup: &Setup, pack: Pack) -> (String, Maker) {
    let spec = setup.guide.clone();
    (format!("guide {pack:?} {spec:?}"), Arc::new(move || pack.wrap(Box::new(Xmltv::new(spec.clone())))))
}

pub(super) fn streams(setup: &Setup, section: Section, category: Option<u64>) -> (String, Maker) {
    let (spec, form) = (setup.spec.clone(), setup.form);
    let key = format!("{section:?} {category:?} {form:?} {spec:?}");
    let make = move || -> Box<dyn Pieces> {
        Box::new(Streams::new(spec.clone(), section, form).of_category(category))
    };
    (key, Arc::new(make))
}

fn panel(request: &Request, setup: &Setup, world: &World) -> Answer {
    let spec: &Spec = &setup.spec;
    let known = request.query("username") == spec.username && request.query("password") == spec.password;
    if !known || !setup.login.accepted {
        // Panels refuse with 200.
        return Answer::json(Part::Login, &json!({"user_info": {"auth": 0}}));
    }
    let login = |part| Answer::json(part, &setup.login.document(spec, world.host));
    let number = |name: &str| request.query(name).parse::<u64>().unwrap_or(0);
    let lists = |section: Section, part: Part| {
        if setup.unknown.contains(&section) {
            return login(part);
        }
        let category = request.query("category_id").parse().ok();
        Answer::made(part, "application/json", streams(setup, section, category))
    };
    let categories = |section: Section| {
        if setup.unknown.contains(&section) {
            return login(Part::Categories);
        }
        Answer::new(Part::Categories, 200, "application/json", xtream::categories(spec, section))
    };
    match request.query("action") {
        "get_live_categories" | "201" => categories(Section::Live),
        "get_vod_categories" | "200" => categories(Section::Vod),
        "get_series_categories" | "206" => categories(Section::Series),
        "get_live_streams" | "202" => lists(Section::Live, Part::Live),
        "get_vod_streams" | "203" => lists(Section::Vod, Part::Vod),
        "get_series" | "208" => lists(Section::Series, Part::Series),
        "get_series_info" | "204" => {
            Answer::json(Part::Details, &xtream::series_info(spec, number("series_id").max(number("series"))))
        }
        "get_vod_info" | "209" => Answer::json(Part::Details, &xtream::vod_info(spec, number("vod_id"))),
        "get_short_epg" | "205" | "get_simple_data_table" | "207" => {
            let limit = request.query("limit").parse().unwrap_or(4);
            Answer::json(Part::Details, &xtream::short_guide(spec, number("stream_id"), limit))
        }
        // Whatever the action: the login document.
        _ => login(Part::Login),
    }
}
