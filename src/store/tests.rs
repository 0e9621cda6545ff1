//! The store as a whole: atomicity, refusals, old files.

use super::imports::Staged;
use super::users::{Role, User};
use super::*;
use crate::wire::catalogue::{ProviderKind, ProviderOrigin};
use rusqlite::Connection;
use std::os::unix::fs::PermissionsExt;

fn store() -> (tempfile::TempDir, Store) {
    let dir = tempfile::tempdir().expect("directory");
    let store = Store::open(dir.path()).expect("open");
    (dir, store)
}

#[tokio::test]
async fn a_failed_or_panicking_write_leaves_nothing_and_the_writer_lives() {
    let (_dir, store) = store();
    let failed = store
        .write(|tx| {
            settings::set(tx, "a", "1")?;
            Err::<(), _>(StoreError::Exists("x".into()))
        })
        .await;
    assert!(matches!(failed, Err(StoreError::Exists(_))));
    let panicked = store
        .write(|tx| -> Result<(), StoreError> {
            settings::set(tx, "a", "2")?;
            panic!("planted");
        })
        .await;
    assert!(matches!(panicked, Err(StoreError::Panicked)), "{panicked:?}");
    assert_eq!(store.read(|db| settings::get(db, "a")).await.expect("read"), None);
    store.write(|tx| settings::set(tx, "a", "3")).await.expect("write after a panic");
    assert_eq!(store.read(|db| settings::get(db, "a")).await.expect("read").as_deref(), Some("3"));
}

#[tokio::test]
async fn readers_survive_panics_and_cannot_write_or_load_code() {
    let (_dir, store) = store();
    for _ in 0..workers::READERS * 2 {
        let panicked = store.read(|_| -> Result<(), StoreError> { panic!("planted") }).await;
        assert!(matches!(panicked, Err(StoreError::Panicked)));
    }
    let refused = store.read(|db| settings::set(db, "a", "1")).await;
    assert!(refused.expect_err("read only").to_string().contains("readonly"));
    for sql in ["SELECT load_extension('/tmp/x.so')", "SELECT load_extension('x', 'y')"] {
        let refused = store.write(move |tx| Ok(tx.query_row(sql, [], |_| Ok(()))?)).await;
        assert!(refused.expect_err("no extensions").to_string().contains("not authorized"));
    }
}

#[tokio::test]
async fn many_writers_at_once_lose_nothing() {
    let (_dir, store) = store();
    let tasks: Vec<_> = (0..200)
        .map(|_| {
            let store = store.clone();
            tokio::spawn(async move { store.write(|tx| sequences::reserve(tx, "on-air", 1000)).await })
        })
        .collect();
    let mut firsts = Vec::new();
    for task in tasks {
        let (media, discontinuity) = task.await.expect("task").expect("reserve");
        assert_eq!(media, discontinuity);
        firsts.push(media);
    }
    firsts.sort_unstable();
    assert_eq!(firsts, (0..200).map(|n| n * 1000).collect::<Vec<u64>>());
}

#[tokio::test]
async fn sequences_and_on_air_survive_a_restart() {
    let dir = tempfile::tempdir().expect("directory");
    let now = on_air::OnAir { channel: "hbo_hd".parse().expect("id"), started_at: 5 };
    {
        let store = Store::open(dir.path()).expect("open");
        let set = now.clone();
        store.write(move |tx| on_air::set(tx, Some(&set))).await.expect("set");
        assert_eq!(store.write(|tx| sequences::reserve(tx, "p", 1000)).await.expect("reserve"), (0, 0));
    }
    let store = Store::open(dir.path()).expect("open again");
    assert_eq!(store.read(on_air::get).await.expect("get"), Some(now));
    assert_eq!(store.write(|tx| sequences::reserve(tx, "p", 10)).await.expect("reserve"), (1000, 1000));
    assert_eq!(store.write(|tx| sequences::reserve(tx, "p", 10)).await.expect("reserve"), (1010, 1010));
    store.write(|tx| on_air::set(tx, None)).await.expect("off");
    assert_eq!(store.read(on_air::get).await.expect("get"), None);
}

#[test]
fn the_file_is_private() {
    let (dir, _store) = store();
    let mode = std::fs::metadata(dir.path().join(FILE)).expect("file").permissions().mode();
    assert_eq!(mode & 0o777, 0o600);
}

#[test]
fn refusals_at_opening_are_one_clear_line() {
    let refusal = |dir: &Path| {
        let text = Store::open(dir).err().expect("refused").to_string();
        assert!(!text.contains('\n') && text.contains(FILE), "{text}");
        text
    };
    let dir = tempfile::tempdir().expect("directory");
    assert!(refusal(&dir.path().join("missing")).contains("can't be written"));

    std::fs::write(dir.path().join(FILE), vec![b'x'; 8192]).expect("file");
    assert!(refusal(dir.path()).contains("is damaged"));

    let dir = tempfile::tempdir().expect("directory");
    let db = Connection::open(dir.path().join(FILE)).expect("create");
    db.pragma_update(None, "user_version", 999).expect("version");
    drop(db);
    assert!(refusal(dir.path()).contains("newer relais (schema 999"));

    let dir = tempfile::tempdir().expect("directory");
    std::fs::create_dir(dir.path().join(FILE)).expect("directory in the way");
    assert!(refusal(dir.path()).contains("can't be written"));
}

/// A dump of each released schema with rows in every table: it must open, and its rows must be there.
#[tokio::test]
async fn a_file_of_version_1_opens_with_all_it_held() {
    let dir = tempfile::tempdir().expect("directory");
    let db = Connection::open(dir.path().join(FILE)).expect("create");
    db.execute_batch(include_str!("fixtures/v1.sql")).expect("dump");
    drop(db);
    let store = Store::open(dir.path()).expect("open");
    store
        .read(|db| {
            let admin = users::by_name(db, "admin")?.expect("admin");
            assert_eq!((admin.role, admin.sign_in_version), (Role::Administrator, 3));
            assert_eq!(keys::all(db)?.len(), 1);
            assert_eq!(revocations::all(db, 0)?, [("jti-1".to_owned(), 4_000_000_000)]);
            assert_eq!(settings::get(db, "colour")?.as_deref(), Some("blue"));
            assert_eq!(links::all(db)?.len(), 1);
            assert_eq!(on_air::get(db)?.expect("on air").channel.as_str(), "101");
            let provider = providers::by_name(db, "home")?.expect("provider");
            // Its list is fetched anew: channels are stored in another form.
            assert_eq!((provider.kind, provider.generation), (ProviderKind::Xtream, 0));
            assert_eq!((provider.channel_count, provider.last_attempt), (0, None));
            assert_eq!(channels::groups(db)?[0].name, "France");
            Ok(())
        })
        .await
        .expect("read");
    let next = store.write(|tx| sequences::reserve(tx, "on-air", 1)).await.expect("reserve");
    assert_eq!(next, (7000, 7000));
}

#[tokio::test]
async fn user_names_are_unique_and_numbers_not_reused() {
    let (_dir, store) = store();
    let first = store.write(|tx| users::insert(tx, &User::new("a", Role::User))).await.expect("insert");
    let again = store.write(|tx| users::insert(tx, &User::new("a", Role::User))).await;
    assert_eq!(again.expect_err("taken").to_string(), "user a already exists");
    assert!(store.write(move |tx| users::remove(tx, first)).await.expect("remove"));
    let second = store.write(|tx| users::insert(tx, &User::new("a", Role::User))).await.expect("insert");
    assert!(second > first);
}

pub(crate) fn provider(name: &str) -> providers::Provider {
    providers::Provider {
        id: 0,
        name: name.into(),
        kind: ProviderKind::Xtream,
        origin: ProviderOrigin::Stored,
        shown: "http://h/…".into(),
        secret_sealed: None,
        user_agent: None,
        verify_tls: true,
        max_connections: None,
        said_connections: None,
        formats: String::new(),
        refresh_interval: 0,
        enabled: true,
        generation: 0,
        channel_count: 0,
        last_attempt: None,
        last_refresh: None,
        last_error: None,
        created_at: 1,
        odd: 0,
        repeated: 0,
        validators: None,
        alert: None,
    }
}

fn staged(position: u32, id: &str, name: &str) -> Staged {
    Staged {
        position,
        channel_id: id.into(),
        name: name.into(),
        group: Some(1),
        identity: u64::from(position) + 1,
        digest: u64::MAX - u64::from(position),
        ..Staged::default()
    }
}

fn import(db: &Connection, provider: i64, rows: &[Staged]) -> Result<imports::Import, StoreError> {
    let import = imports::begin(db, provider)?.expect("provider");
    imports::stage(db, &import, rows)?;
    let list = imports::Adopted { count: rows.len() as u64, at: 9, ..imports::Adopted::default() };
    assert!(imports::adopt(db, &import, &list)?);
    while imports::sweep(db, &[], 2)? > 0 {}
    Ok(import)
}

/// Ids and names of a provider's list.
fn ids(db: &Connection, provider: i64) -> Result<Vec<(String, String)>, StoreError> {
    let mut all = Vec::new();
    if let Some(provider) = providers::by_id(db, provider)? {
        channels::walk(db, provider.generation, 0, 100, |c| all.push((c.channel_id, c.name)))?;
    }
    Ok(all)
}

#[tokio::test]
async fn a_list_lies_in_one_piece_and_is_swapped_whole() {
    let (_dir, store) = store();
    store
        .write(|tx| {
            let (a, b) = (providers::insert(tx, &provider("a"))?, providers::insert(tx, &provider("b"))?);
            let pair = |id: &str, name: &str| (id.to_owned(), name.to_owned());
            let groups = imports::groups(
                tx,
                &[pair("France", "france"), pair("Sport", "sport"), pair("France", "france")],
            )?;
            assert!(groups[0] == groups[2] && groups[0] != groups[1]);
            import(tx, a, &[staged(0, "1", "one"), staged(1, "2", "two"), staged(2, "3", "three")])?;
            import(tx, b, &[staged(0, "4", "other one")])?;
            assert_eq!(ids(tx, a)?, [pair("1", "one"), pair("2", "two"), pair("3", "three")]);

            // The same but for the last: what stays is copied within the store.
            let next = imports::begin(tx, a)?.expect("provider");
            assert_eq!(imports::digests(tx, &next)?, [u64::MAX, u64::MAX - 1, u64::MAX - 2]);
            let mut former = Vec::new();
            imports::former(tx, &next, 1..3, |f| former.push((f.position, f.channel_id, f.identity)))?;
            assert_eq!(former, [(1, "2".to_owned(), 2), (2, "3".to_owned(), 3)]);
            imports::keep(tx, &next, 0..2)?;
            imports::stage(tx, &next, &[staged(2, "9", "new")])?;
            imports::rename(tx, &next, 2, "10")?;
            assert_eq!(imports::staged(tx, &next, 2)?.expect("row").1, "new");
            assert_eq!(ids(tx, a)?[2], pair("3", "three"), "not yet");
            // An import under way is spared, and one that was cut short is swept away.
            assert_eq!(imports::sweep(tx, &[next], 100)?, 0);
            let list = imports::Adopted { count: 3, ..imports::Adopted::default() };
            assert!(imports::adopt(tx, &next, &list)? && !imports::adopt(tx, &next, &list)?);
            assert_eq!(ids(tx, a)?, [pair("1", "one"), pair("2", "two"), pair("10", "new")]);
            let cut = imports::begin(tx, b)?.expect("provider");
            imports::stage(tx, &cut, &[staged(0, "5", "never")])?;
            while imports::sweep(tx, &[], 1)? > 0 {}
            assert_eq!(tx.query_row("SELECT count(*) FROM channels", [], |r| r.get::<_, i64>(0))?, 4);
            let rows = imports::rows(next.generation);
            let found = channels::at(tx, &[rows.start + 2, rows.start + 99, rows.start])?;
            assert_eq!(found.iter().map(|c| c.channel_id.as_str()).collect::<Vec<_>>(), ["10", "1"]);
            assert_eq!(found[0].position(), 2);
            Ok(())
        })
        .await
        .expect("imports");
}

#[tokio::test]
async fn a_removed_provider_vanishes_at_once_and_its_rows_later() {
    let (_dir, store) = store();
    store
        .write(|tx| {
            let a = providers::insert(tx, &provider("a"))?;
            import(tx, a, &[staged(0, "1", "one"), staged(1, "2", "two")])?;
            assert!(providers::hide(tx, a)?);
            assert!(!providers::hide(tx, a)?);
            assert_eq!(ids(tx, a)?, []);
            assert!(providers::all(tx)?.is_empty());
            assert!(imports::begin(tx, a)?.is_none());
            providers::insert(tx, &provider("a"))?;
            while imports::sweep(tx, &[], 1)? > 0 {}
            assert_eq!(tx.query_row("SELECT count(*) FROM providers", [], |r| r.get::<_, i64>(0))?, 1);
            assert_eq!(tx.query_row("SELECT count(*) FROM channels", [], |r| r.get::<_, i64>(0))?, 0);
            Ok(())
        })
        .await
        .expect("removal");
}
