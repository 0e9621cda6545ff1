use super::*;
use crate::access::{Resolved, Role as Right};
use std::net::Ipv4Addr;

const HERE: IpAddr = IpAddr::V4(Ipv4Addr::LOCALHOST);

struct House {
    dir: tempfile::TempDir,
    access: Arc<Access>,
    password: Option<String>,
}

async fn open(dir: tempfile::TempDir, options: Options) -> House {
    let store = Store::open(dir.path()).expect("store");
    let key = SecretKey::open(dir.path()).expect("key");
    let opened = Access::open(store, &key, options).await.expect("access");
    House { dir, access: opened.access, password: opened.first_password }
}

async fn fresh() -> House {
    open(tempfile::tempdir().expect("directory"), Options::default()).await
}

#[tokio::test]
async fn the_first_password_is_made_once_and_works() {
    let house = fresh().await;
    let password = house.password.expect("made");
    let signed_in = house.access.sign_in("admin", &password, HERE).await.expect("sign in");
    assert_eq!(signed_in.expires_in, 3600);
    let identity = house.access.authenticate(&signed_in.access_token).expect("identity");
    assert_eq!((identity.role, identity.name.as_str()), (Right::Administrator, "admin"));

    let again = open(house.dir, Options::default()).await;
    assert_eq!(again.password, None);
    again.access.authenticate(&signed_in.access_token).expect("tokens survive a restart");
    let file = std::fs::read(again.dir.path().join(crate::store::FILE)).expect("file");
    assert!(!file.windows(password.len()).any(|w| w == password.as_bytes()), "stored in clear");
}

#[tokio::test]
async fn signing_out_and_a_new_password_end_tokens() {
    let house = fresh().await;
    let (access, password) = (house.access, house.password.expect("made"));
    let sign_in =
        async |password: &str| access.sign_in("admin", password, HERE).await.expect("sign in").access_token;
    let (one, two) = (sign_in(&password).await, sign_in(&password).await);
    access.sign_out(&one).await.expect("sign out");
    access.sign_out("nonsense").await.expect("no error");
    assert!(matches!(access.authenticate(&one), Err(AccessError::Invalid)));
    access.authenticate(&two).expect("the other one lives");

    access.set_password("admin", "a new password").await.expect("set");
    assert!(matches!(access.authenticate(&two), Err(AccessError::Invalid)));
    let old = access.sign_in("admin", &password, HERE).await;
    assert!(matches!(old, Err(AccessError::BadCredentials)));
    let three = sign_in("a new password").await;
    access.sign_out(&three).await.expect("sign out");
    assert!(matches!(
        access.set_password("nobody", "a new password").await,
        Err(AccessError::UnknownUser(_))
    ));
    assert!(matches!(access.set_password("admin", "short").await, Err(AccessError::Password)));
    let reset = access.reset_password("admin").await.expect("reset");
    sign_in(&reset).await;

    drop(access);
    let again = open(house.dir, Options::default()).await;
    assert!(matches!(again.access.authenticate(&three), Err(AccessError::Invalid)), "revocations survive");
}

#[tokio::test]
async fn a_given_hash_is_taken_over_once_per_value() {
    let bcrypt = |password| Some(bcrypt::hash(password, 4).expect("bcrypt"));
    let with = |hash: &Option<String>| Options { admin_password_hash: hash.clone(), ..Options::default() };
    let given = bcrypt("from older days");
    let house = open(tempfile::tempdir().expect("directory"), with(&given)).await;
    assert_eq!(house.password, None);
    house.access.sign_in("admin", "from older days", HERE).await.expect("sign in");
    house.access.set_password("admin", "chosen later").await.expect("set");
    let house = open(house.dir, with(&given)).await;
    house.access.sign_in("admin", "chosen later", HERE).await.expect("a later choice stays");
    let house = open(house.dir, with(&bcrypt("another one"))).await;
    house.access.sign_in("admin", "another one", HERE).await.expect("a new hash is taken over");

    let key = SecretKey::open(house.dir.path()).expect("key");
    let store = Store::open(house.dir.path()).expect("store");
    let refused = Access::open(store, &key, with(&Some("plain text".into()))).await;
    assert!(matches!(refused, Err(AccessError::PasswordHash)));
}

#[tokio::test]
async fn failed_sign_ins_are_throttled_and_tell_nothing() {
    let house = fresh().await;
    for name in ["admin", "nobody", "admin", "nobody", ""] {
        let refused = house.access.sign_in(name, "wrong password", HERE).await;
        assert!(matches!(refused, Err(AccessError::BadCredentials)));
    }
    let password = house.password.expect("made");
    let throttled = house.access.sign_in("admin", &password, HERE).await;
    assert!(matches!(throttled, Err(AccessError::Throttled { .. })));
    let elsewhere = IpAddr::V4(Ipv4Addr::new(192, 0, 2, 1));
    house.access.sign_in("admin", &password, elsewhere).await.expect("from elsewhere");
}

#[tokio::test]
async fn keys_work_until_removed_or_expired_and_are_stored_hashed() {
    let house = fresh().await;
    let access = &house.access;
    let made = access.create_key("panel", Role::Moderator, None, Some(1)).await.expect("key");
    assert!(made.secret.starts_with("rk_") && made.secret.len() > 40);
    assert!(!format!("{made:?}").contains(&made.secret));
    let identity = access.authenticate(&made.secret).expect("identity");
    assert_eq!((identity.role, identity.kind), (Right::Moderator, IdentityKind::ApiKey));
    access.maintain().await.expect("maintain");
    assert!(access.keys()[0].last_used.is_some());
    assert!(matches!(access.authenticate(&format!("{}x", made.secret)), Err(AccessError::Invalid)));

    let old = access.create_key("old", Role::User, Some(now() - 1), None).await.expect("key");
    assert!(matches!(access.authenticate(&old.secret), Err(AccessError::Expired)));
    let again = open(house.dir, Options::default()).await;
    again.access.authenticate(&made.secret).expect("survives a restart");
    assert!(again.access.keys()[0].last_used.is_some(), "so does its last use");
    assert!(again.access.remove_key(made.key.id).await.expect("remove"));
    assert!(!again.access.remove_key(made.key.id).await.expect("remove"));
    assert!(matches!(again.access.authenticate(&made.secret), Err(AccessError::Invalid)));
    for name in ["db", "db-wal"] {
        let Ok(file) = std::fs::read(again.dir.path().join(format!("relais.{name}"))) else { continue };
        assert!(!file.windows(20).any(|w| w == &made.secret.as_bytes()[made.secret.len() - 20..]));
    }
}

#[tokio::test]
async fn only_the_panel_token_is_the_panel() {
    let options = Options { panel_token: Some("t0ken".into()), ..Options::default() };
    let house = open(tempfile::tempdir().expect("directory"), options).await;
    assert_eq!(house.access.authenticate("t0ken").expect("panel"), Identity::panel());
    for other in ["", "t0ke", "t0kenn", "T0ken"] {
        assert!(matches!(house.access.authenticate(other), Err(AccessError::Invalid)));
    }
    let options = Options { panel_token: Some(String::new()), ..Options::default() };
    let house = open(tempfile::tempdir().expect("directory"), options).await;
    assert!(house.access.authenticate("").is_err(), "an empty token is none");
}

#[tokio::test]
async fn disabled_users_and_their_keys_are_refused() {
    let house = fresh().await;
    let password = house.password.expect("made");
    let token = house.access.sign_in("admin", &password, HERE).await.expect("sign in").access_token;
    let made = house.access.create_key("k", Role::User, None, Some(1)).await.expect("key");
    let disable = |tx: &rusqlite::Transaction<'_>| Ok(tx.execute("UPDATE users SET is_active = 0", [])?);
    house.access.store.write(disable).await.expect("disable");
    drop(house.access);
    let reopened = open(house.dir, Options::default()).await;
    let access = &reopened.access;
    assert!(matches!(access.authenticate(&token), Err(AccessError::Disabled)));
    assert!(matches!(access.authenticate(&made.secret), Err(AccessError::Disabled)));
    let refused = access.sign_in("admin", &password, HERE).await.err();
    assert!(matches!(refused, Some(AccessError::Disabled)), "{refused:?}");
}

#[tokio::test]
async fn links_resolve_until_revoked_or_expired() {
    let house = fresh().await;
    let access = &house.access;
    let link = access.create_link(5.into(), None, Some(1)).await.expect("link");
    assert_eq!(link.expires_at - link.created_at, 24 * 3600);
    assert_eq!(link.id.len(), 22);
    assert_eq!(access.resolve_link(&link.id), Resolved::Ok(5.into()));
    assert_eq!(access.resolve_link("AAAAAAAAAAAAAAAAAAAAAA"), Resolved::Unknown);
    for bad in [0, 721] {
        assert!(matches!(
            access.create_link(5.into(), Some(bad), None).await,
            Err(AccessError::LinkHours(720))
        ));
    }
    let other = access.create_link(6.into(), Some(720), None).await.expect("link");
    assert_eq!(access.links(None).len(), 2);
    assert_eq!(access.links(Some(1)).len(), 1);
    assert!(!access.revoke_link(&other.id, Some(1)).await.expect("not one's own"));
    assert!(access.revoke_link(&link.id, Some(1)).await.expect("revoke"));
    assert_eq!(access.resolve_link(&link.id), Resolved::Expired);

    let id = other.id.clone();
    let age = move |tx: &rusqlite::Transaction<'_>| {
        Ok(tx.execute("UPDATE links SET expires_at = ?2 WHERE id = ?1", (id, now() - 5))?)
    };
    access.store.write(age).await.expect("age");
    let again = open(house.dir, Options::default()).await;
    assert_eq!(again.access.resolve_link(&link.id), Resolved::Expired, "survives a restart");
    again.access.maintain().await.expect("maintain");
    assert_eq!(again.access.resolve_link(&other.id), Resolved::Expired);
    assert!(again.access.links(None).is_empty());
}
