//! What an entry is by itself, and what a quirk makes of it.

use super::super::Spec;
use super::super::dice::{Dice, mix};
use super::super::item::{CatchUp, Item, Kind, Logo, Source};
use super::super::naming;
use super::super::words::{EMOJIS, RIGHT_TO_LEFT};
use super::Section;
use super::quirk::Quirk;

/// Streams are numbered from here on.
const FIRST_ID: u64 = 100_000;

/// Name, address and so on; the group is the list's business.
pub(super) fn bare(spec: &Spec, index: u64, section: Section) -> Item {
    let seed = spec.seed;
    let mut dice = Dice::new(seed, index, 21);
    let id = FIRST_ID + index;
    let (username, password) = spec.credentials();
    let address = &spec.address;
    let container = naming::container(seed, index);
    let (name, kind, tvg_id, url) = match section {
        Section::Live => {
            let url = match dice.below(8) {
                0 | 1 => format!("{address}/{username}/{password}/{id}"),
                2 => format!("{address}/play/{id}/index.m3u8?token={:016x}", spec.token(index)),
                _ => format!("{address}/live/{username}/{password}/{id}.ts"),
            };
            (naming::live(seed, index), Kind::Tv, naming::guide_id(seed, index), url)
        }
        Section::Movies => {
            let url = format!("{address}/movie/{username}/{password}/{id}.{container}");
            (naming::movie(seed, index), Kind::Movies, None, url)
        }
        Section::Episodes => {
            let url = format!("{address}/series/{username}/{password}/{id}.{container}");
            (naming::episode(seed, index), Kind::Series, None, url)
        }
    };
    let logo = match mix(seed ^ 22, index) % 16 {
        0..4 => Logo::None,
        4 => Logo::Url(format!("http://logos.example.org/w,200/{id}.png?a=b&c=d")),
        _ => Logo::Url(format!("http://logos.example.org/{id}.png")),
    };
    let number = (kind == Kind::Tv && dice.one_in(3)).then(|| spec.revision.renumbered((index + 1) as f64));
    Item {
        index,
        name: Some(name),
        group: None,
        kind,
        tvg_id,
        logo,
        number,
        source: Source { url, ..Source::default() },
        catch_up: None,
        stream_id: id,
    }
}

/// Changes the entry as its quirk has it.
pub(super) fn put_on(spec: &Spec, item: &mut Item, quirk: Quirk) {
    let index = item.index;
    let mut dice = Dice::new(spec.seed, index, 23);
    let country = naming::country(spec.seed, index);
    let name = item.name.clone().unwrap_or_default();
    let agent = || Some(format!("Agent{index}/1.0 (set top; box=\"{index}\")"));
    let referer = || ("Referer", format!("http://referer.example.org/{index}?x=y"));
    let mut rename = |name: String| item.name = Some(name);
    match quirk {
        Quirk::NameQuotes => rename(format!("The \"Big\" {name}, Live")),
        Quirk::NameCommas => rename(format!("{name}, Actualité, Weather")),
        Quirk::Latin1 => rename(format!("Café Évasion ça {}", index + 1)),
        Quirk::Emoji => rename(format!("{} {name}", dice.pick(&EMOJIS))),
        Quirk::RightToLeft => rename(format!("{} {}", dice.pick(&RIGHT_TO_LEFT), index + 1)),
        Quirk::Superscript => rename(format!("{name} ᴴᴰ")),
        Quirk::LongName => rename(format!("{name}{}", " ein sehr langer Titel mit Ümläuten".repeat(5))),
        Quirk::Apostrophe => {
            rename(format!("Dad's Choice {}", index + 1));
            item.group = Some(format!("{country}| Kids' Corner"));
        }
        Quirk::VlcOptions => {
            item.source.user_agent = agent();
            item.source.headers = vec![referer()];
        }
        Quirk::VlcDash => item.source.user_agent = agent(),
        Quirk::KodiProperty => {
            item.source.user_agent = agent();
            item.source.headers = vec![referer(), ("Origin", "http://origin.example.org".into())];
        }
        Quirk::PipeHeaders => {
            item.source.user_agent = agent();
            if dice.one_in(2) {
                item.source.headers = vec![referer()];
            }
        }
        Quirk::DataLogo => {
            let giant = spec.giant > 0 && index == spec.size / 2;
            item.logo = Logo::Data(if giant { spec.giant } else { 2000 + dice.below(18_000) as usize });
        }
        Quirk::EmptyAttributes => {
            (item.tvg_id, item.logo, item.number) = (None, Logo::None, None);
        }
        Quirk::FractionalNumber => {
            // As it is read: 7.3 is not 7 + 0.3.
            item.number = format!("{}.{}", index % 900 + 1, 1 + dice.below(9)).parse().ok();
        }
        Quirk::OtherNumber => item.number = Some(spec.revision.renumbered((index % 5000 + 1) as f64)),
        Quirk::NoNumber => item.number = None,
        Quirk::NoName => item.name = None,
        Quirk::CatchUp => item.catch_up = Some(catch_up(spec, &mut dice, item.stream_id)),
        Quirk::Radio => {
            item.kind = Kind::Other;
            item.name = Some(format!("Radio {name}"));
        }
        Quirk::TellingGroup => {
            // The address must not tell, for the group is to.
            let (username, password) = spec.credentials();
            item.source.url = format!("{}/{username}/{password}/{}", spec.address, item.stream_id);
            item.kind = Kind::Movies;
            item.group = Some(format!("{country}| {}", dice.pick(&["CINÉMA", "Films", "VOD"])));
        }
        Quirk::Semicolon => item.group = Some(format!("{country}| News;{country}| Débats")),
        Quirk::OtherScheme => {
            let port = 1024 + index % 60_000;
            item.source.url = match dice.below(4) {
                0 => format!("rtsp://cam.example.org:554/ch{index}"),
                1 => format!("rtmp://live.example.org/app/{index}"),
                2 => format!("udp://239.0.0.1:{port}"),
                _ => format!("https://secure.example.org/{index}/index.m3u8"),
            };
        }
        _ => {}
    }
}

fn catch_up(spec: &Spec, dice: &mut Dice, id: u64) -> CatchUp {
    let days = Some(1 + dice.below(14) as u32);
    let address = &spec.address;
    match dice.below(6) {
        0 => CatchUp { mode: Some("shift"), days, source: None },
        1 => CatchUp {
            mode: Some("default"),
            days,
            source: Some(format!("{address}/archive/{id}.ts?utc={{utc}}&lutc=${{now}}&d={{duration:60}}")),
        },
        2 => CatchUp { mode: Some("append"), days: None, source: Some("?utc={utc}&lutc={lutc}".into()) },
        3 => CatchUp { mode: Some("flussonic"), days, source: None },
        4 => CatchUp { mode: Some("xc"), days, source: None },
        // `timeshift="3"`, as Siptv has it.
        _ => CatchUp { mode: None, days, source: None },
    }
}
