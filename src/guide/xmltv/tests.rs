//! Documents as they are in the field.

use super::*;
use proptest::prelude::*;

fn read(document: &[u8], piece: usize, options: Options) -> Result<(Vec<Item>, bool), NotXmltv> {
    let (mut items, mut reader) = (Vec::new(), Document::new(options));
    for piece in document.chunks(piece) {
        reader.push(piece, |item| items.push(item))?;
    }
    let whole = reader.finish(|item| items.push(item))?;
    Ok((items, whole))
}

fn one(body: &str, language: Option<&str>) -> Item {
    let document = format!("<tv>{body}</tv>");
    let options = Options { language: language.map(str::to_owned), ..Options::default() };
    let (mut items, whole) = read(document.as_bytes(), 4096, options).expect("a guide");
    assert!(whole && items.len() == 1, "{items:?}");
    items.remove(0)
}

fn programme(body: &str, language: Option<&str>) -> Programme {
    let element = format!("<programme start='20260115120000 +0000' channel='a'>{body}</programme>");
    match one(&element, language) {
        Item::Programme(programme) => programme,
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_programme_with_all_that_viewers_see() {
    let document = br#"<?xml version="1.0" encoding="UTF-8"?>
<!DOCTYPE tv SYSTEM "xmltv.dtd">
<tv source-info-name="x">
  <channel id="TF1.fr"><display-name lang="fr">TF1</display-name><display-name>TF1</display-name>
    <display-name>TF1 HD</display-name><icon src="https://x.example/tf1.png"/><url>http://tf1.fr</url></channel>
  <programme start="20260115200000 +0100" stop="20260115210000 +0100" channel="TF1.fr" showview="1">
    <title lang="fr">Le <![CDATA[<Journal>]]> &amp; m&eacute;t&#233;o</title>
    <sub-title>Sp&#xe9;cial</sub-title>
    <desc lang="fr">
      Une ligne.
      Une autre.
    </desc>
    <credits><director>X</director></credits>
    <date>2019-04-30</date>
    <category lang="fr">Info</category><category lang="fr">Info</category><category lang="fr">Direct</category>
    <icon src="ftp://x/y"/><icon src="https://x.example/p.jpg?a=1&amp;b=2"/>
    <episode-num system="onscreen">S02 E10</episode-num><episode-num system="xmltv_ns">1 . 9/12 . 0/2</episode-num>
    <previously-shown start="2019"/><new/>
    <rating system="CSA"><icon src="x"/><value>-12</value></rating><rating><value>PG</value></rating>
    <star-rating><value>4/5</value></star-rating>
  </programme>
</tv>"#;
    for piece in [1, 17, 4096] {
        let (items, whole) = read(document, piece, Options::default()).expect("a guide");
        assert!(whole);
        let channel = Channel {
            id: "TF1.fr".into(),
            names: vec!["TF1".into(), "TF1 HD".into()],
            icon: Some("https://x.example/tf1.png".into()),
        };
        let about = About {
            title: "Le <Journal> & météo".into(),
            sub_title: Some("Spécial".into()),
            description: Some("Une ligne.\nUne autre.".into()),
            categories: vec!["Info".into(), "Direct".into()],
            icon: Some("https://x.example/p.jpg?a=1&b=2".into()),
            season: Some(2),
            episode: Some(10),
            part: Some(1),
            episode_text: Some("S02 E10".into()),
            rating: Some("-12".into()),
            date: Some("20190430".into()),
            new: true,
            previously_shown: true,
        };
        let start = Moment::from(1_768_503_600);
        let stop = Some(Moment::from(1_768_507_200));
        let programme = Programme { channel: "TF1.fr".into(), start, stop, about };
        assert_eq!(items, [Item::Channel(channel), Item::Programme(programme)]);
    }
}

#[test]
fn the_wanted_language_else_the_first() {
    let body = "<title lang='en'>News</title><title lang='fr-FR'>Journal</title><title lang='fr'>Infos</title>\
        <sub-title>One</sub-title><sub-title lang='de'>Eins</sub-title><desc lang='fr'/><desc lang='en'>Text</desc>\
        <category lang='en'>News</category><category lang='fr'>Info</category><category lang='en'>Live</category>\
        <category lang='fr'>Direct</category>";
    let french = programme(body, Some("FR")).about;
    assert_eq!(french.title, "Journal");
    assert_eq!(french.sub_title.as_deref(), Some("One"));
    assert_eq!(french.description.as_deref(), Some("Text"), "an empty text is none");
    assert_eq!(french.categories, ["Info", "Direct"]);
    let first = programme(body, None).about;
    assert_eq!(
        (first.title.as_str(), first.categories),
        ("News", vec!["News".to_owned(), "Live".to_owned()])
    );
    assert_eq!(programme(body, Some("it")).about.title, "News");
}

#[test]
fn episodes_by_any_system() {
    let number = |body: &str| {
        let about = programme(&format!("<title>t</title>{body}"), None).about;
        (about.season, about.episode, about.part)
    };
    let ns = |text: &str| number(&format!("<episode-num system='xmltv_ns'>{text}</episode-num>"));
    assert_eq!(ns("0.0."), (Some(1), Some(1), None));
    assert_eq!(ns(" . 4 . "), (None, Some(5), None));
    assert_eq!(ns("4294967295.1."), (None, Some(2), None));
    assert_eq!(ns(""), (None, None, None));
    assert_eq!(number("<episode-num>S1 E2</episode-num>"), (Some(1), Some(2), None));
    assert_eq!(number("<episode-num system='SxxExx'>s01e02</episode-num>"), (Some(1), Some(2), None));
    assert_eq!(number("<episode-num>E7</episode-num>"), (None, Some(7), None));
    assert_eq!(number("<episode-num system='dd_progid'>EP01.0002</episode-num>"), (None, None, None));
}

#[test]
fn one_bad_element_costs_itself_only() {
    let document = b"<tv><channel><display-name>no id</display-name></channel>
        <programme channel='a' start='20260115120000'/>
        <programme channel='a' start='soon'><title>x</title></programme>
        <programme start='20260115120000'><title>x</title></programme>
        <programme channel='a' start='20260115120000'><title>x</desc></programme>
        <programme channel='a' start='20260115120000'><title>x</programme>
        <programme channel='a' start=20260115120000><title>x</title></programme>
        <programme channel='a' start='20260115120000'><title>Fish & chips; \xe9t\xe9</title><i><i></i></i></programme>
        <programme channel='a' start='20260115120000'><sub-title>Only this</sub-title></programme>
        </tv>";
    let (items, whole) = read(document, 11, Options::default()).expect("a guide");
    assert!(whole);
    let titles: Vec<_> = items
        .iter()
        .map(|item| match item {
            Item::Programme(programme) => programme.about.title.as_str(),
            Item::Channel(_) => "channel",
            Item::Odd => "odd",
        })
        .collect();
    assert_eq!(titles, ["odd", "odd", "odd", "odd", "odd", "odd", "odd", "Fish & chips; été", "Only this"]);
}

#[test]
fn depth_length_and_number_are_capped() {
    let deep = format!("<title>t</title>{}{}", "<a>".repeat(20), "</a>".repeat(20));
    let element = format!("<programme start='20260115120000' channel='a'>{deep}</programme>");
    assert_eq!(one(&element, None), Item::Odd);
    let body = format!(
        "<title>{}</title><desc>{}</desc>{}",
        "t".repeat(1000),
        "&amp;".repeat(10_000),
        (0..100).map(|n| format!("<category>{n}</category>")).collect::<String>()
    );
    let about = programme(&body, None).about;
    assert_eq!((about.title.len(), about.categories.len()), (300, 12));
    assert_eq!(about.description.map(|text| text.len()), Some(4000));
}

#[test]
fn documents_that_are_cut_or_something_else() {
    let document = b"<tv><channel id='a'/><programme start='20260115120000' channel='a'><title>t</title></programme></tv>";
    let (items, whole) = read(&document[..document.len() - 10], 7, Options::default()).expect("a guide");
    assert_eq!((items.len(), whole), (1, false), "the channel came");
    let (items, whole) = read(&document[..document.len() - 1], 7, Options::default()).expect("a guide");
    assert_eq!((items.len(), whole), (2, false));
    for (document, what) in [
        (&b""[..], "nothing"),
        (b"   \n", "nothing"),
        (b"<html><body>Login</body></html>", "a web page"),
        (b"{\"error\": 403}", "not XML"),
        (b"<!DOCTYPE tv [<!ENTITY x \"y\"> ]><tv/>", "entities"),
    ] {
        let why = read(document, 5, Options::default()).expect_err("refused").to_string();
        assert!(why.contains(what), "{why}");
    }
    assert_eq!(read(b"<tv/>", 1, Options::default()), Ok((vec![], true)));
}

#[test]
fn times_without_a_zone_are_of_the_configured_one() {
    let options = Options { zone: TimeZone::get("Europe/Paris").expect("zone"), language: None };
    let document = "<tv><programme channel='a' start='20260701120000' stop='202607011300 +0000'><title>t</title></programme></tv>";
    let (items, _) = read(document.as_bytes(), 99, options).expect("a guide");
    let Some(Item::Programme(programme)) = items.first() else { panic!("{items:?}") };
    assert_eq!(programme.start, Moment::from(1_782_900_000));
    assert_eq!(programme.stop, Some(Moment::from(1_782_910_800)));
}

const WORDS: &[&[u8]] = &[
    b"<programme start='20260115120000' channel='a'>",
    b"<title lang='fr'>",
    b"</title>",
    b"</programme>",
    b"<channel id='a'>",
    b"</channel>",
    b"<desc>",
    b"</desc>",
    b"&amp;",
    b"&",
    b"x;",
    b"\xe9",
    "é".as_bytes(),
    b"<![CDATA[",
    b"]]>",
    b"<!--",
    b"-->",
    b"</tv>",
    b"<",
    b"\"",
    b"\0",
];

proptest! {
    #[test]
    fn neither_bytes_nor_pieces_matter(
        words in proptest::collection::vec(proptest::sample::select(WORDS), 0..30),
        piece in 1usize..20,
    ) {
        let document = [b"<tv>".to_vec(), words.concat()].concat();
        let whole = read(&document, usize::MAX, Options::default());
        prop_assert_eq!(read(&document, piece, Options::default()), whole);
    }

    #[test]
    fn what_is_escaped_is_read_back(title in "[^\\p{C}\\p{Z}]{1,40}") {
        let escaped = title.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;");
        prop_assert_eq!(programme(&format!("<title>{escaped}</title>"), None).about.title, title);
    }
}
