//! A feed's life as a pure function: events in, effects out.
//!
//! ```text
//! Idle ─wanted→ Starting ─media→ Live ─unwanted→ (lingering) ─over→ Idle
//!                  │  ↑            │ ended, stalled
//!                  ↓  └─retry─ Reconnecting ─too often, or refused→ Failed ─retry, media→ Live
//! ```
//!
//! The actor performs the effects; whoever wants to know what a feed does reads this file alone.

use crate::wire::Reason;
use std::time::Duration;

/// Where a feed is in its life; the names are what the API shows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum Phase {
    /// Nobody wants it; nothing is open.
    #[default]
    Idle,
    /// Wanted, and has not shown anything yet.
    Starting,
    /// The channel's own media flows.
    Live,
    /// It was live; the source is gone and is being tried again.
    Reconnecting,
    /// The source refuses, or failed too often; tried again slowly for as long as it is wanted.
    Failed,
}

impl Phase {
    /// The API's word.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Idle => "idle",
            Self::Starting => "starting",
            Self::Live => "live",
            Self::Reconnecting => "reconnecting",
            Self::Failed => "failed",
        }
    }
}

/// What happened.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Event {
    /// The first lease was taken.
    Wanted,
    /// The last lease was dropped.
    Unwanted,
    /// Nobody came back while it lingered.
    LingerOver,
    /// The source's own media was published: at first, and again after the slate.
    Media,
    /// The connection ended. `lasted` counts from its first media, zero where it had none.
    Ended {
        /// Why.
        reason: Reason,
        /// The provider's wish.
        retry_after: Option<Duration>,
        /// How long it delivered.
        lasted: Duration,
    },
    /// The watchdog: media ran out and nothing came for too long; or what comes can't be shown.
    Stalled {
        /// Why: silence, no keyframe, scrambled, not media.
        reason: Reason,
        /// How long it delivered before.
        lasted: Duration,
    },
    /// The back-off is over.
    RetryDue,
    /// What was published has run out by the wall clock, and the grace is over.
    RanOut,
    /// Another channel needs this one's provider slot.
    Evicted,
}

/// What is to be done, in order.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Effect {
    /// Open source number so-and-so.
    Connect(usize),
    /// Close the connection, or give up opening it.
    Disconnect,
    /// `RetryDue` after this long, jittered by the actor.
    RetryIn(Duration),
    /// No `RetryDue` any more.
    CancelRetry,
    /// `LingerOver` after the idle time-out.
    Linger,
    /// Somebody came back.
    CancelLinger,
    /// Show the slate.
    StartSlate,
    /// The channel itself is back.
    StopSlate,
    /// End the feed: close its ring, forget it.
    Stop,
}

/// What a feed knows of itself.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct State {
    /// Where it is.
    pub phase: Phase,
    /// Why it is not live.
    pub reason: Option<Reason>,
    /// Failures in a row.
    pub attempt: u32,
    /// Index of the source that is open or next.
    pub source: usize,
    /// How many sources there are; the actor keeps it current.
    pub sources: usize,
    /// Somebody holds a lease.
    pub wanted: bool,
    /// A connection is open or being opened.
    pub connected: bool,
    /// The slate is on.
    pub slate: bool,
    /// The channel has shown its own media since it was started.
    pub had_media: bool,
}

/// A connection that delivered this long had been fine: its end starts the counting anew.
const PROVEN: Duration = Duration::from_secs(10);
/// A source that shows something each time may end often; it is not made to wait longer than this attempt.
const DELIVERING_ATTEMPT: u32 = 3;
/// Failures in a row after which a feed says that it failed.
const FAILED_AFTER: u32 = 5;

/// One step.
pub fn step(state: &mut State, event: Event) -> Vec<Effect> {
    use Effect::*;
    match event {
        Event::Wanted if state.wanted => vec![],
        Event::Wanted => {
            state.wanted = true;
            match state.phase {
                Phase::Idle => {
                    let sources = state.sources;
                    *state = State { phase: Phase::Starting, wanted: true, sources, ..State::default() };
                    state.connected = true;
                    vec![Connect(0)]
                }
                _ => vec![CancelLinger],
            }
        }
        Event::Unwanted if !state.wanted => vec![],
        Event::Unwanted => {
            state.wanted = false;
            // A failed one too: who comes next is told why, and the provider is not asked at each viewer's whim.
            if state.phase == Phase::Idle { vec![] } else { vec![Linger] }
        }
        Event::LingerOver if state.wanted || state.phase == Phase::Idle => vec![],
        Event::LingerOver => stop(state),
        Event::Media if !state.connected => vec![],
        Event::Media => {
            state.phase = Phase::Live;
            state.reason = None;
            state.had_media = true;
            if std::mem::take(&mut state.slate) { vec![StopSlate] } else { vec![] }
        }
        Event::Ended { .. } | Event::Stalled { .. } if !state.connected => vec![],
        Event::Ended { reason, retry_after, lasted } => fail(state, reason, retry_after, lasted),
        Event::Stalled { reason, lasted } => {
            let mut effects = vec![Disconnect];
            effects.extend(fail(state, reason, None, lasted));
            effects
        }
        Event::RetryDue if state.connected || state.phase == Phase::Idle => vec![],
        Event::RetryDue => {
            state.connected = true;
            vec![Connect(state.source)]
        }
        Event::RanOut if state.slate || state.phase == Phase::Idle => vec![],
        Event::RanOut => {
            state.slate = true;
            // Still connected, perhaps; but what is shown is not the channel.
            if state.phase == Phase::Live {
                state.phase = Phase::Reconnecting;
            }
            vec![StartSlate]
        }
        Event::Evicted if state.phase == Phase::Idle => vec![],
        Event::Evicted if !state.wanted => stop(state),
        Event::Evicted => {
            let mut effects = vec![CancelRetry];
            if std::mem::take(&mut state.connected) {
                effects.push(Disconnect);
            }
            state.phase = if state.had_media { Phase::Reconnecting } else { Phase::Starting };
            state.reason = Some(Reason::Limit);
            effects.push(RetryIn(back_off(Reason::Limit, FAILED_AFTER)));
            effects
        }
    }
}

fn stop(state: &mut State) -> Vec<Effect> {
    let mut effects = vec![Effect::CancelRetry, Effect::CancelLinger];
    if state.connected {
        effects.push(Effect::Disconnect);
    }
    if state.slate {
        effects.push(Effect::StopSlate);
    }
    effects.push(Effect::Stop);
    *state = State { sources: state.sources, ..State::default() };
    effects
}

fn fail(state: &mut State, reason: Reason, retry_after: Option<Duration>, lasted: Duration) -> Vec<Effect> {
    state.connected = false;
    state.reason = Some(reason);
    state.attempt = match lasted {
        lasted if lasted >= PROVEN => 0,
        Duration::ZERO => state.attempt.saturating_add(1),
        _ => (state.attempt + 1).min(DELIVERING_ATTEMPT),
    };
    let round = u32::try_from(state.sources.max(1)).unwrap_or(u32::MAX);
    let refused = reason.must_not_hammer();
    // A fall-back is tried at once where this source refuses, else when it failed twice in a row.
    let next_source = state.sources > 1 && (refused || state.attempt >= 2);
    if next_source {
        state.source = (state.source + 1) % state.sources;
    }
    let all_tried = state.attempt >= round;
    state.phase = match () {
        () if (refused && all_tried) || state.attempt >= FAILED_AFTER * round => Phase::Failed,
        () if state.had_media => Phase::Reconnecting,
        () => Phase::Starting,
    };
    let wait =
        if next_source && !all_tried { Duration::ZERO } else { back_off(reason, state.attempt / round) };
    vec![Effect::RetryIn(wait.max(retry_after.unwrap_or_default().min(LONGEST_WISH)))]
}

/// Providers that ask for more than this are asked again all the same.
const LONGEST_WISH: Duration = Duration::from_secs(120);

/// The wait before a try, after so many failures in a row: at once, then doubling to 30 s. Refusals wait
/// longer from the first: hammering gets accounts banned and displaces working streams.
fn back_off(reason: Reason, failures: u32) -> Duration {
    let millis = match reason {
        // Providers' counters lag behind closed connections by a second or a few.
        Reason::Limit => [1_000, 1_000, 2_000, 4_000, 8_000, 15_000, 30_000][failures.min(6) as usize],
        _ if reason.must_not_hammer() => [10_000, 10_000, 20_000, 30_000, 60_000][failures.min(4) as usize],
        _ => [0, 500, 1_000, 2_000, 4_000, 8_000, 15_000, 30_000][failures.min(7) as usize],
    };
    Duration::from_millis(millis)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const LONG: Duration = Duration::from_secs(60);
    const NONE: Duration = Duration::ZERO;

    fn fresh(sources: usize) -> State {
        State { sources, ..State::default() }
    }

    fn ended(reason: Reason, lasted: Duration) -> Event {
        Event::Ended { reason, retry_after: None, lasted }
    }

    fn run(state: &mut State, events: &[Event]) -> Vec<Effect> {
        events.iter().flat_map(|event| step(state, *event)).collect()
    }

    #[test]
    fn a_viewer_comes_and_goes() {
        let mut state = fresh(1);
        assert_eq!(run(&mut state, &[Event::Wanted]), [Effect::Connect(0)]);
        assert_eq!(run(&mut state, &[Event::Media]), []);
        assert_eq!(state.phase, Phase::Live);
        assert_eq!(run(&mut state, &[Event::Unwanted]), [Effect::Linger]);
        assert_eq!(run(&mut state, &[Event::Wanted]), [Effect::CancelLinger]);
        run(&mut state, &[Event::Unwanted]);
        let last = run(&mut state, &[Event::LingerOver]);
        assert!(last.contains(&Effect::Disconnect) && last.ends_with(&[Effect::Stop]), "{last:?}");
        assert_eq!(state, fresh(1));
    }

    #[test]
    fn a_proven_source_is_tried_again_at_once_and_then_ever_slower() {
        let mut state = fresh(1);
        run(&mut state, &[Event::Wanted, Event::Media]);
        let mut waits = vec![];
        let mut lasted = LONG;
        for _ in 0..9 {
            for effect in run(&mut state, &[ended(Reason::Network, lasted)]) {
                if let Effect::RetryIn(wait) = effect {
                    waits.push(wait.as_millis());
                }
            }
            run(&mut state, &[Event::RetryDue]);
            lasted = NONE;
        }
        assert_eq!(waits, [0, 500, 1000, 2000, 4000, 8000, 15000, 30000, 30000]);
        assert_eq!(state.phase, Phase::Failed);
        run(&mut state, &[Event::Media]);
        assert_eq!((state.phase, state.reason), (Phase::Live, None));
    }

    #[test]
    fn a_source_that_ends_after_three_seconds_each_time_keeps_being_shown() {
        let mut state = fresh(1);
        run(&mut state, &[Event::Wanted]);
        for _ in 0..50 {
            let effects = run(&mut state, &[Event::Media, ended(Reason::Ended, Duration::from_secs(3))]);
            assert!(matches!(effects[..], [Effect::RetryIn(wait)] if wait <= Duration::from_secs(2)));
            assert_eq!(state.phase, Phase::Reconnecting);
            run(&mut state, &[Event::RetryDue]);
        }
    }

    #[test]
    fn refusals_are_not_hammered_and_say_so() {
        for reason in [Reason::Auth, Reason::NotFound, Reason::Unsupported] {
            let mut state = fresh(1);
            let effects = run(&mut state, &[Event::Wanted, ended(reason, NONE)]);
            assert!(matches!(effects[..], [_, Effect::RetryIn(wait)] if wait >= Duration::from_secs(10)));
            assert_eq!((state.phase, state.reason), (Phase::Failed, Some(reason)));
        }
    }

    #[test]
    fn viewers_who_come_and_go_do_not_hammer_a_provider_that_refuses() {
        let mut state = fresh(1);
        run(&mut state, &[Event::Wanted, ended(Reason::Auth, NONE)]);
        for _ in 0..10 {
            let effects = run(&mut state, &[Event::Unwanted, Event::Wanted]);
            assert_eq!(effects, [Effect::Linger, Effect::CancelLinger]);
            assert_eq!((state.phase, state.reason), (Phase::Failed, Some(Reason::Auth)));
        }
    }

    #[test]
    fn fall_backs_are_tried_in_order_and_round_again() {
        let mut state = fresh(3);
        let events = [Event::Wanted, ended(Reason::Auth, NONE), Event::RetryDue];
        assert_eq!(run(&mut state, &events), [Effect::Connect(0), Effect::RetryIn(NONE), Effect::Connect(1)]);
        run(&mut state, &[ended(Reason::NotFound, NONE), Event::RetryDue]);
        assert_eq!((state.source, state.phase), (2, Phase::Starting));
        let effects = run(&mut state, &[ended(Reason::Auth, NONE), Event::RetryDue]);
        assert!(
            matches!(effects[..], [Effect::RetryIn(wait), Effect::Connect(0)] if wait >= Duration::from_secs(10))
        );
    }

    #[test]
    fn the_slate_stands_in_until_the_channel_is_back() {
        let mut state = fresh(1);
        run(&mut state, &[Event::Wanted, Event::Media, ended(Reason::Network, LONG)]);
        assert_eq!(run(&mut state, &[Event::RanOut, Event::RanOut]), [Effect::StartSlate]);
        assert_eq!(
            run(&mut state, &[Event::RetryDue, Event::Media]),
            [Effect::Connect(0), Effect::StopSlate]
        );
    }

    #[test]
    fn a_source_that_sends_nothing_to_show_is_not_live() {
        let mut state = fresh(1);
        assert_eq!(
            run(&mut state, &[Event::Wanted, Event::Media, Event::RanOut]).last(),
            Some(&Effect::StartSlate)
        );
        assert_eq!(state.phase, Phase::Reconnecting);
        assert_eq!(run(&mut state, &[Event::Media]), [Effect::StopSlate]);
        assert_eq!(state.phase, Phase::Live);
    }

    #[test]
    fn a_slot_is_given_up_by_whom_nobody_watches_and_parked_by_whom_somebody_does() {
        let mut state = fresh(1);
        run(&mut state, &[Event::Wanted, Event::Media, Event::Unwanted]);
        assert!(run(&mut state, &[Event::Evicted]).ends_with(&[Effect::Stop]));
        let mut state = fresh(1);
        run(&mut state, &[Event::Wanted, Event::Media]);
        let effects = run(&mut state, &[Event::Evicted]);
        assert!(matches!(effects[..], [Effect::CancelRetry, Effect::Disconnect, Effect::RetryIn(_)]));
        assert_eq!((state.phase, state.reason), (Phase::Reconnecting, Some(Reason::Limit)));
    }

    fn any_event() -> impl Strategy<Value = Event> {
        let reason = prop_oneof![
            Just(Reason::Ended),
            Just(Reason::Auth),
            Just(Reason::Limit),
            Just(Reason::Network),
            Just(Reason::Stalled)
        ];
        prop_oneof![
            Just(Event::Wanted),
            Just(Event::Unwanted),
            Just(Event::LingerOver),
            Just(Event::Media),
            Just(Event::RetryDue),
            Just(Event::RanOut),
            Just(Event::Evicted),
            (reason.clone(), 0u64..100).prop_map(|(reason, s)| ended(reason, Duration::from_secs(s))),
            (reason, 0u64..100)
                .prop_map(|(reason, s)| Event::Stalled { reason, lasted: Duration::from_secs(s) }),
        ]
    }

    proptest! {
        /// Never two connections, never a retry beside a connection, nothing left behind by a stop.
        #[test]
        fn effects_pair_up(events in proptest::collection::vec(any_event(), 0..200), sources in 1usize..4) {
            let mut state = fresh(sources);
            let (mut open, mut retry, mut slate) = (false, false, false);
            for event in events {
                match event {
                    Event::Ended { .. } if !open => continue,
                    Event::Ended { .. } => open = false,
                    Event::RetryDue if !retry => continue,
                    Event::RetryDue => retry = false,
                    _ => {}
                }
                for effect in step(&mut state, event) {
                    match effect {
                        Effect::Connect(source) => {
                            prop_assert!(!open && source < sources);
                            open = true;
                        }
                        Effect::Disconnect => open = false,
                        Effect::RetryIn(wait) => {
                            prop_assert!(wait <= LONGEST_WISH);
                            retry = true;
                        }
                        Effect::CancelRetry => retry = false,
                        Effect::StartSlate => { prop_assert!(!slate); slate = true; }
                        Effect::StopSlate => { prop_assert!(slate); slate = false; }
                        Effect::Stop => prop_assert!(!open && !retry && !slate),
                        Effect::Linger | Effect::CancelLinger => {}
                    }
                }
                prop_assert_eq!(open, state.connected);
                prop_assert_eq!(slate, state.slate);
                // Whoever is wanted is connected, or will be.
                prop_assert!(!state.wanted || open || retry, "{:?}", state);
                prop_assert!(state.phase != Phase::Idle || !(open || retry || slate));
            }
        }
    }
}
