use super::*;
use proptest::prelude::*;

fn read(text: &[u8]) -> (Vec<Entry>, Parser) {
    let mut parser = Parser::default();
    let mut entries = Vec::new();
    for line in text.split(|b| *b == b'\n') {
        entries.extend(parser.line(line).expect("a list"));
    }
    (entries, parser)
}

#[test]
fn a_list_as_it_should_be() {
    let (entries, parser) = read(
        b"#EXTM3U url-tvg=\"http://x/e.xml\"\n#EXTINF:-1 tvg-id=\"tf1.fr\" tvg-name=\"TF1\" tvg-logo=\"http://x/a,b.png\" \
          tvg-chno=\"5.1\" group-title=\"France, gen\",TF1 HD\nhttp://h/u/p/1.ts\n",
    );
    assert_eq!(parser.odd, 0);
    let entry = &entries[0];
    assert_eq!((entry.name.as_str(), entry.group.as_deref()), ("TF1 HD", Some("France, gen")));
    assert_eq!((entry.tvg_id.as_deref(), entry.number), (Some("tf1.fr"), Some(5.1)));
    assert_eq!((entry.logo.as_deref(), entry.url.as_str()), (Some("http://x/a,b.png"), "http://h/u/p/1.ts"));
}

#[test]
fn names_with_commas_and_quotes() {
    for (line, name) in [
        ("-1,News, Weather", "News, Weather"),
        ("-1 tvg-id=\"a\",The \"Best\", really", "The \"Best\", really"),
        ("-1 tvg-name=\"Dad's \"Army\" HD\" tvg-id='x',Dad's Army", "Dad's Army"),
        ("-1 tvg-name=\"never closed,Name", "Name"),
        ("-1 tvg-id= group-title=,Name", "Name"),
        ("0 ,Name", "Name"),
        ("-1 odd words here,Name", "Name"),
        (",Name", "Name"),
        ("Name only", "1"),
        ("-1 tvg-name=\"From tvg\",", "From tvg"),
        ("-1", "1"),
    ] {
        let (entries, _) = read(format!("#EXTINF:{line}\nhttp://h/secret/1.ts").as_bytes());
        assert_eq!(entries[0].name, name, "{line}");
    }
}

#[test]
fn marks_line_ends_and_old_encodings() {
    let (entries, parser) = read(b"\xef\xbb\xbf#EXTINF:-1,Caf\xe9\r\nhttp://h/1\r\n\r\n#EXTGRP\n#EXTGRP:Sport\n#EXTINF:-1,A\nhttp://h/2\n#EXTINF:-1 group-title=\"Own\",B\nHTTP//h/3\nrtmp://h/bare?x=1");
    let seen: Vec<_> =
        entries.iter().map(|e| (e.name.as_str(), e.group.as_deref(), e.url.as_str())).collect();
    let expected = [
        ("Café", None, "http://h/1"),
        ("A", Some("Sport"), "http://h/2"),
        ("B", Some("Own"), "http://h/3"),
        ("bare", Some("Sport"), "rtmp://h/bare?x=1"),
    ];
    assert_eq!(seen, expected);
    assert_eq!((parser.odd, parser.dangling()), (0, false));
}

#[test]
fn headers_from_all_three_places_stay_with_their_channel() {
    let (entries, _) = read(
        b"#EXTINF:-1,A\n#EXTVLCOPT:http-user-agent=VLC/3 (x; y=z)\n#EXTVLCOPT--http-referrer=http://R/\nhttp://h/1\n\
          #KODIPROP:inputstream.adaptive.stream_headers=Referer=http%3A%2F%2Fr%2F&X-A=1+2\n#EXTINF:-1,B\nhttp://h/2|User-Agent=K%20odi&referer=ignored\n\
          #EXTINF:-1,C\nhttp://h/3|x\n",
    );
    assert_eq!(entries[0].user_agent.as_deref(), Some("VLC/3 (x; y=z)"));
    assert_eq!(entries[0].headers, [("Referer".to_owned(), "http://R/".to_owned())]);
    assert_eq!((entries[1].url.as_str(), entries[1].user_agent.as_deref()), ("http://h/2", Some("K odi")));
    let expected = [("Referer".to_owned(), "http://r/".to_owned()), ("X-A".to_owned(), "1+2".to_owned())];
    assert_eq!(entries[1].headers, expected);
    assert_eq!((entries[2].user_agent.as_deref(), entries[2].headers.len()), (None, 0));
    assert_eq!(entries[2].url, "http://h/3|x");
}

#[test]
fn what_is_no_list_is_refused_and_odd_lines_are_counted() {
    for (first, what) in [("<!DOCTYPE html>", "a web page"), ("{\"user_info\":{}}", "JSON"), ("[]", "JSON")] {
        assert_eq!(Parser::default().line(first.as_bytes()), Err(NotAList(what)));
    }
    let mut parser = Parser::default();
    parser.line(b"#EXTM3U").expect("fine so far");
    assert!(parser.line(b"#EXT-X-TARGETDURATION:4").is_err());

    let (entries, parser) = read(b"#EXTINF:-1,A\nplugin://x\n#EXTINF:-1,B\nfile:///etc/passwd\n#EXTINF:-1,C\n#EXTINF:-1,D\nhttp://h/1\n#EXTINF:-1,E");
    assert_eq!(entries.iter().map(|e| e.name.as_str()).collect::<Vec<_>>(), ["D"]);
    assert_eq!((parser.odd, parser.dangling()), (3, true));
}

proptest! {
    #[test]
    fn never_panics(lines in prop::collection::vec(prop::collection::vec(prop::sample::select(b"#EXTINF:-1 tvg-id=\"',|=&%/h\xc3\xa9\xff".to_vec()), 0..40), 0..8)) {
        let mut parser = Parser::default();
        for line in lines {
            let _ = parser.line(&line);
            let _ = parser.line(&[b"#EXTINF:".as_slice(), &line].concat());
            let _ = parser.line(&[b"http://h".as_slice(), &line].concat());
            let _ = parser.line(&[b"#EXTVLCOPT--".as_slice(), &line].concat());
        }
    }
}
