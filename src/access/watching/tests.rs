use super::*;
use crate::access::signer::Signer;
use proptest::prelude::*;
use std::net::Ipv4Addr;

const LAPSE: Duration = Duration::from_secs(12);

fn who(last: u8) -> Who {
    Who { ip: Ipv4Addr::new(192, 0, 2, last).into(), user_agent: "VLC".into() }
}

fn claims(target: &Target, nonce: u32) -> Claims {
    Claims { user: 7, target: target.clone(), address: 0, agent: 0, issued: 1, nonce, link: None }
}

fn session(target: &Target, nonce: u32) -> (String, Claims) {
    let claims = claims(target, nonce);
    (Signer::new(&[0; 32]).session(&claims), claims)
}

fn all(watching: &Watching) -> usize {
    watching.count(|_| true)
}

fn pass(watching: &Watching, milliseconds: u64) {
    watching.passed.fetch_add(milliseconds, Ordering::Relaxed);
}

#[test]
fn a_viewer_counts_from_the_second_poll_and_lapses() {
    let watching = Watching::new(LAPSE);
    let mut changes = watching.changes();
    let (text, claims) = session(&Target::OnAir, 1);
    assert!(watching.poll(&text, &claims, &who(1)).expect("poll").first);
    assert_eq!((all(&watching), changes.has_changed().expect("open")), (0, false));
    assert!(watching.list().is_empty(), "a probe is nobody");
    pass(&watching, 2_000);
    assert!(!watching.poll(&text, &claims, &who(1)).expect("poll").first);
    assert_eq!((all(&watching), changes.has_changed().expect("open")), (1, true));
    changes.mark_unchanged();
    watching.add_bytes(&text, 1000);
    let views = watching.list();
    assert_eq!((views[0].bytes_sent, views[0].user_id, views[0].on_air), (1000, Some(7), true));
    assert!(!text.contains(&views[0].id));

    pass(&watching, 11_000);
    watching.sweep();
    assert_eq!(all(&watching), 1, "silent for less than the lapse");
    pass(&watching, 1_000);
    watching.sweep();
    assert_eq!((all(&watching), changes.has_changed().expect("open")), (0, true));
    assert!(watching.poll(&text, &claims, &who(1)).expect("takes a place again").first);
    assert!(!watching.poll(&text, &claims, &who(1)).expect("poll").first);
    assert_eq!(all(&watching), 1);
}

#[test]
fn a_lapsed_session_is_a_new_one_also_before_the_sweep() {
    let watching = Watching::new(LAPSE);
    let (text, claims) = session(&Target::OnAir, 1);
    watching.poll(&text, &claims, &who(1)).expect("poll");
    watching.poll(&text, &claims, &who(1)).expect("poll");
    pass(&watching, 13_000);
    assert!(watching.poll(&text, &claims, &who(1)).expect("poll").first);
    assert_eq!(all(&watching), 0);
    watching.poll(&text, &claims, &who(1)).expect("poll");
    assert_eq!(all(&watching), 1);
}

#[test]
fn an_ended_session_does_not_come_back_but_its_user_may() {
    let watching = Watching::new(LAPSE);
    let (text, claims) = session(&Target::OnAir, 1);
    watching.poll(&text, &claims, &who(1)).expect("poll");
    watching.poll(&text, &claims, &who(1)).expect("poll");
    let id = watching.list()[0].id.clone();
    assert!(watching.end(&id));
    assert!(!watching.end(&id) && !watching.end("no id") && !watching.end(""));
    assert_eq!(watching.poll(&text, &claims, &who(1)), Err(Refusal::Ended));
    assert_eq!(all(&watching), 0);
    let (other, claims) = session(&Target::OnAir, 2);
    assert!(watching.poll(&other, &claims, &who(1)).is_ok());
}

#[tokio::test]
async fn a_seat_counts_at_once_until_dropped_or_ended() {
    let watching = Watching::new(LAPSE);
    let target = Target::Channel { id: 5.into(), web: false };
    let seat = watching.open(claims(&target, 1), who(1)).expect("seat");
    let other = watching.open(claims(&target, 1), who(1)).expect("seat");
    seat.add_bytes(188);
    pass(&watching, 1_000_000);
    watching.sweep();
    assert_eq!(watching.count(|t| *t == target), 2);
    assert_eq!(watching.count(|t| *t == Target::OnAir), 0);
    let views = watching.list();
    assert_eq!(views.iter().map(|v| v.bytes_sent).sum::<u64>(), 188);
    assert!(views.iter().all(|v| v.protocol == Protocol::Ts && !v.bytes_estimated));

    drop(other);
    assert_eq!(all(&watching), 1);
    assert_eq!(watching.end_user(8), 0);
    assert_eq!(watching.end_user(7), 1);
    seat.ended().await;
    assert_eq!(all(&watching), 0);
    drop(seat);
    assert_eq!(all(&watching), 0, "left only once");
}

#[test]
fn places_are_bounded_and_given_back() {
    let watching = Watching::with_limits(LAPSE, Limits { sessions: 3, per_address: 2 });
    let poll = |nonce, from| {
        let (text, claims) = session(&Target::OnAir, nonce);
        watching.poll(&text, &claims, &who(from))
    };
    assert!(poll(1, 1).is_ok() && poll(2, 1).is_ok());
    assert_eq!(poll(3, 1), Err(Refusal::Address(2)));
    assert!(poll(4, 2).is_ok());
    assert_eq!(poll(5, 3), Err(Refusal::Full(3)));
    assert!(poll(1, 1).is_ok(), "who has a place keeps it");
    pass(&watching, 13_000);
    watching.sweep();
    assert!(poll(3, 1).is_ok() && poll(5, 1).is_ok() && poll(4, 2).is_ok());
}

#[test]
fn ten_thousand_sessions_are_cheap() {
    let watching = Watching::new(LAPSE);
    let target = Target::Channel { id: 5.into(), web: false };
    let sessions: Vec<_> = (0..10_000).map(|nonce| session(&target, nonce)).collect();
    let began = std::time::Instant::now();
    for _ in 0..2 {
        for (text, claims) in &sessions {
            watching.poll(text, claims, &who(1)).expect("poll");
        }
    }
    for _ in 0..1000 {
        assert_eq!(watching.count(|t| *t == target), 10_000);
    }
    watching.sweep();
    // 2 s of polls are 10,000; a debug build on a busy machine takes some 50 ms for these 20,000 and the counts.
    assert!(began.elapsed() < Duration::from_secs(2), "{:?}", began.elapsed());
}

proptest! {
    /// Whatever happens, the count is the number of places that count, and no place is lost.
    #[test]
    fn counts_agree(steps in prop::collection::vec((0u32..6, 0u8..5), 0..80)) {
            let watching = Watching::with_limits(LAPSE, Limits { sessions: 5, per_address: 0 });
            let mut seats = Vec::new();
            for (nonce, step) in steps {
                let target = if nonce % 2 == 0 { Target::OnAir } else { Target::Channel { id: 1.into(), web: true } };
                let (text, claims) = session(&target, nonce);
                match step {
                    0 | 1 => drop(watching.poll(&text, &claims, &who(1))),
                    2 => seats.extend(watching.open(claims, who(1))),
                    3 => { pass(&watching, 7_000); watching.sweep(); }
                    _ => match watching.list().first() {
                        Some(view) if nonce > 3 => assert!(watching.end(&view.id)),
                        _ => drop(seats.pop()),
                    },
                }
                assert_eq!(watching.list().len(), all(&watching));
                assert!(watching.places.load(Ordering::Relaxed) <= 5);
            }
            drop(seats);
            pass(&watching, 13_000);
            watching.sweep();
            assert_eq!((all(&watching), watching.places.load(Ordering::Relaxed)), (0, 0));
            assert!(watching.viewers.lock().is_empty());
    }
}

#[test]
fn what_is_newly_listed_to_a_session_is_what_it_was_sent() {
    let watching = Watching::new(LAPSE);
    let (text, claims) = session(&Target::OnAir, 1);
    for (version, newest) in [(40, 100), (40, 100), (41, 200), (43, 50), (1000, 1)] {
        watching.poll(&text, &claims, &who(1)).expect("poll");
        watching.listed(&text, version, newest);
    }
    // One at the beginning, nothing twice, two at once, and never more than a window.
    assert_eq!(watching.list()[0].bytes_sent, 100 + 200 + 2 * 50 + 6);
}
