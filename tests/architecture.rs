//! The rooms of the house, as ARCHITECTURE.md has them, against the `use crate::` lines of the code.

#![allow(clippy::expect_used)] // helpers of tests

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

type Arrows = BTreeMap<String, BTreeSet<String>>;

fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
}

fn allowed() -> Arrows {
    let text = std::fs::read_to_string(root().join("ARCHITECTURE.md")).expect("ARCHITECTURE.md");
    let rows = text.lines().filter_map(|line| {
        let cells: Vec<_> = line.split('|').map(str::trim).collect();
        let [_, room, _, uses, _] = cells[..] else { return None };
        let room = room.strip_prefix('`')?.strip_suffix('`')?;
        Some((room.to_owned(), uses.split_whitespace().map(str::to_owned).collect()))
    });
    rows.collect()
}

fn sources(folder: &Path, found: &mut Vec<PathBuf>) {
    for entry in std::fs::read_dir(folder).expect("folder").map(|entry| entry.expect("entry").path()) {
        if entry.is_dir() {
            sources(&entry, found);
        } else if entry.extension().is_some_and(|extension| extension == "rs") {
            found.push(entry);
        }
    }
}

/// Every `crate::room` in code, outside of comments.
fn arrows() -> Arrows {
    let src = root().join("src");
    let mut files = vec![];
    sources(&src, &mut files);
    let mut arrows = Arrows::new();
    for file in files {
        let inside = file.strip_prefix(&src).expect("in src");
        let Some(room) = inside.iter().next().and_then(|part| part.to_str()) else { continue };
        let uses = arrows.entry(room.trim_end_matches(".rs").to_owned()).or_default();
        let text = std::fs::read_to_string(&file).expect("readable");
        for line in text.lines().filter(|line| !line.trim_start().starts_with("//")) {
            for (at, _) in line.match_indices("crate::") {
                let rest = &line[at + "crate::".len()..];
                let name: String =
                    rest.chars().take_while(|c| c.is_ascii_alphanumeric() || *c == '_').collect();
                uses.insert(name);
            }
        }
    }
    arrows
}

#[test]
fn no_arrow_that_the_table_does_not_have() {
    let allowed = allowed();
    assert!(allowed.len() > 15, "the table in ARCHITECTURE.md was not found");
    let mut wrong = vec![];
    for (room, uses) in arrows() {
        if matches!(room.as_str(), "lib" | "main") {
            continue;
        }
        let Some(may) = allowed.get(&room) else {
            wrong.push(format!("{room} is not in the table"));
            continue;
        };
        let everything = may.contains("everything");
        let bad = uses.iter().filter(|used| !everything && **used != room && !may.contains(*used));
        wrong.extend(bad.map(|used| format!("{room} → {used}")));
    }
    assert!(wrong.is_empty(), "arrows that ARCHITECTURE.md does not allow:\n{}", wrong.join("\n"));
}

#[test]
fn http_and_tui_touch_neither_sql_nor_processes() {
    let mut files = vec![];
    for room in ["http", "tui"] {
        let folder = root().join("src").join(room);
        if folder.is_dir() {
            sources(&folder, &mut files);
        }
    }
    for file in files {
        let text = std::fs::read_to_string(&file).expect("readable");
        for word in ["rusqlite", "tokio::process", "std::process::Command"] {
            assert!(!text.contains(word), "{} uses {word}", file.display());
        }
    }
}

#[test]
fn files_fit_in_a_head() {
    let mut files = vec![];
    sources(&root().join("src"), &mut files);
    for file in files {
        let text = std::fs::read_to_string(&file).expect("readable");
        assert!(text.lines().count() <= 900, "{} is too long", file.display());
        let is_test = file.components().any(|part| part.as_os_str() == "tests") || file.ends_with("tests.rs");
        let says = text.starts_with("//!");
        assert!(says || is_test, "{} does not say what it is for", file.display());
    }
}
