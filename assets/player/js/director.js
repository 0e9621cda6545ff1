// What plays, and what is done when it does not: joins, follows switches, falls back, recovers.
//
// At most two attempts live: the one in front, whose last frame stays visible, and the one that is
// about to replace it.

import { Attempt } from './attempt.js';
import { Backoff } from './backoff.js';
import { supported as mseSupported } from './engine-ts.js';
import { supported as nativeSupported } from './engine-native.js';

/** A TS response that is live this long without a picture is being held up somewhere: HLS then. */
const patience = 4000;
/** So many stalls within so long make TS the wrong way. */
const stalls = { count: 3, within: 30_000 };
/** A live source that is silent this long on an exhausted buffer: the connection is dead. */
const silence = 6000;
/** So many failed tries in a row while the server says live: TS does not get through. */
const refusals = 3;
/** A channel that could not be played is tried again after this. */
const secondThoughts = 20_000;
/** How often playback is looked at, in milliseconds. */
const tick = 100;
/** A response that ends at a switch is often a blink ahead of the event that says so. */
const blink = 60;
/** A viewer who pauses longer than this gives up the connection. */
const pauseKept = 30_000;

export class Director {
  server = null;
  linked = true;
  front = null;
  pending = null;
  userPaused = false;
  failure = null; // 'unsupported' | 'noEngine'
  counts = { waiting: 0, joins: 0, rejoins: 0, fallbacks: 0 };
  firstFrameMs = null;
  lastJoinMs = null;
  lastFailure = null;
  #renew;
  #changed;
  #blocked;
  #forced;
  #fellBack = false;
  #mediaErrors = 0;
  #refusals = 0;
  #waits = [];
  #retry = null;
  #backoff = new Backoff(0.25, 6);
  #liveSince = null;
  #pausedAt = null;
  #opened = performance.now();
  #frames = { decoded: 0, dropped: 0 };

  /** `forced`: an engine's name or null. `hooks`: changed(), blocked(attempt), renew(). */
  constructor(stage, forced, hooks) {
    this.stage = stage;
    this.#forced = forced;
    this.#changed = hooks.changed;
    this.#blocked = hooks.blocked;
    this.#renew = hooks.renew;
    setInterval(() => this.#tick(), tick);
  }

  /** The engine to use now; null where this browser has none. */
  get engine() {
    if (this.#forced) return this.#forced;
    const media = mseSupported();
    if (!media) return nativeSupported() ? 'native' : null;
    return this.server?.engine === 'hls' || this.#fellBack ? 'hls' : 'ts';
  }

  get playing() {
    const { front } = this;
    return !!front?.frameAt && !front.video.paused && !front.video.ended && front.inHand > 0.05;
  }

  /** 'idle', 'joining', 'playing', 'paused', 'reconnecting', 'unsupported' or 'offline'. */
  get state() {
    if (this.failure) return 'unsupported';
    if (!this.server) return this.linked ? 'joining' : 'reconnecting';
    if (!this.server.active) return 'idle';
    if (this.userPaused) return 'paused';
    if (this.playing || this.front?.holding) return 'playing';
    if (!navigator.onLine) return 'offline';
    return this.front ? 'reconnecting' : 'joining';
  }

  /** A new state from the server. */
  update(server) {
    const before = this.server;
    this.server = server;
    this.#liveSince = server.state === 'live' ? (this.#liveSince ?? performance.now()) : null;
    if (!server.active) {
      this.stop();
      this.failure = null;
      this.#fellBack = false;
    } else if (!before?.active || before.generation !== server.generation) {
      this.failure = null;
      this.#mediaErrors = 0;
      this.#backoff.reset();
      if (!this.userPaused && !this.#await(before) && !(before?.active && this.#follow())) this.#join();
    } else if (before.engine !== server.engine && this.front && this.front.kind !== this.engine) {
      this.#join();
    } else if (server.state === 'live' && before.state !== 'live' && this.#needsJoin()) {
      this.#backoff.reset();
      this.#join();
    }
    this.#changed();
  }

  /** The event stream opened or broke. */
  link(up) {
    const was = this.linked;
    this.linked = up;
    if (up && !was && this.server?.active && this.#needsJoin()) {
      this.#backoff.reset();
      this.#later(0);
    }
    this.#changed();
  }

  play() {
    this.userPaused = false;
    const away = this.#pausedAt ? performance.now() - this.#pausedAt : 0;
    this.#pausedAt = null;
    const old = !this.front || this.front.over || this.front.generation !== this.server?.generation;
    if (old || away > pauseKept) this.#join();
    else {
      this.front.catchUp(2.5);
      this.front.play();
    }
    this.#changed();
  }

  pause() {
    this.userPaused = true;
    this.#pausedAt = performance.now();
    clearTimeout(this.#retry);
    this.#drop('pending');
    this.front?.video.pause();
    this.#changed();
  }

  /** Back from a hidden tab or a dead network. */
  wake() {
    if (!this.server?.active || this.userPaused) return;
    if (this.#needsJoin()) {
      this.#backoff.reset();
      this.#later(0);
    } else if (this.front) {
      this.front.catchUp(Math.max(3.5, this.front.pace.gap + 1.5));
      if (this.front.video.paused && !this.front.holding) this.front.play();
    }
  }

  stop() {
    clearTimeout(this.#retry);
    this.#drop('pending');
    this.#drop('front');
  }

  stats() {
    const now = this.front?.frames ?? { decoded: 0, dropped: 0 };
    const video = this.stage.front;
    return {
      engine: this.front?.kind ?? this.engine,
      generation: this.server?.generation ?? null,
      ...this.counts,
      firstFrameMs: this.firstFrameMs,
      lastJoinMs: this.lastJoinMs,
      lastFailure: this.lastFailure,
      buffered: this.front ? this.front.inHand : 0,
      lowWater: this.front && Number.isFinite(this.front.pace.low) ? this.front.pace.low : null,
      rate: video.playbackRate,
      currentTime: video.currentTime,
      decoded: this.#frames.decoded + now.decoded,
      dropped: this.#frames.dropped + now.dropped,
    };
  }

  /**
   * What was asked for and is not answered yet will be answered with what is on air now. A TS response says so
   * itself: one of what was on air before has ended.
   */
  #await(before) {
    const { pending } = this;
    if (!before?.active || !pending || (pending.kind !== 'ts' && pending.respondedAt !== null)) return false;
    pending.generation = this.server.generation;
    pending.awaited = true;
    return true;
  }

  /** Lets the engine follow a switch within its stream, where it can. */
  #follow() {
    const { front } = this;
    if (!front?.frameAt || front.over || this.pending || !front.engine.follow()) return false;
    front.generation = this.server.generation;
    return true;
  }

  #needsJoin() {
    return !this.userPaused && !this.failure && !this.pending && (!this.front || this.front.over || !this.playing);
  }

  #join() {
    clearTimeout(this.#retry);
    this.#retry = null;
    this.#drop('pending');
    if (!this.server?.active || this.userPaused) return;
    const kind = this.engine;
    if (!kind) {
      this.failure = 'noEngine';
      this.#changed();
      return;
    }
    const video = this.stage.next();
    if (this.front?.video === video) this.#drop('front');
    this.counts.joins += 1;
    if (this.counts.joins > 1) this.counts.rejoins += 1;
    this.stage.sound(this.stage.muted, this.stage.volume);
    this.pending = new Attempt(kind, video, this.server, {
      frame: (attempt) => this.#ready(attempt),
      over: (attempt, failure) => this.#over(attempt, failure),
      waiting: (attempt) => this.#waited(attempt),
      blocked: (attempt) => this.#blocked(attempt),
    });
    this.#changed();
  }

  #later(milliseconds) {
    clearTimeout(this.#retry);
    this.#retry = setTimeout(() => this.#join(), milliseconds);
  }

  #drop(which) {
    const attempt = this[which];
    if (!attempt) return;
    this[which] = null;
    const { decoded, dropped } = attempt.frames;
    this.#frames.decoded += decoded;
    this.#frames.dropped += dropped;
    attempt.destroy();
  }

  /** Its first frame is here. At an epoch of the same channel the old one may play out what it has. */
  #ready(attempt) {
    if (attempt !== this.pending) return;
    const { front } = this;
    const playsOut = front?.over && this.playing && front.generation === attempt.generation && front.kind === attempt.kind;
    const rest = playsOut ? front.rest - 100 : 0;
    if (rest > 0) setTimeout(() => this.#ready(attempt), Math.min(rest, 500));
    else this.#show(attempt);
  }

  #show(attempt) {
    const old = this.front;
    this.front = attempt;
    this.pending = old;
    this.failure = null;
    this.stage.show(attempt.video);
    this.#drop('pending');
    if (attempt.video.paused && !attempt.holding) this.#external();
    this.firstFrameMs ??= performance.now() - this.#opened;
    this.lastJoinMs = attempt.firstFrame;
    this.#refusals = 0;
    this.#changed();
  }

  #over(attempt, failure) {
    if (attempt !== this.front && attempt !== this.pending) return;
    if (attempt === this.pending) this.#drop('pending');
    else if (this.pending) return;
    if (this.userPaused || !this.server?.active) return;
    this.lastFailure = failure && `${failure.kind} ${failure.status ?? ''} ${failure.message ?? ''}`.trim();
    const lived = attempt.frameAt ? performance.now() - attempt.frameAt : 0;
    if (lived > 5000) this.#backoff.reset();
    if (failure?.kind === 'codec') this.#giveUp();
    else if (failure?.kind === 'media' && this.#mediaError(attempt)) this.#giveUp();
    else if (!failure && (lived > 1000 || attempt.awaited)) {
      this.#later(blink);
    } else {
      if (failure && failure.kind !== 'media' && attempt.kind === 'ts' && !attempt.frameAt) this.#refuse(failure);
      if (failure?.status === 401 || failure?.status === 403) this.#renew();
      this.#later(Math.max(this.#backoff.next(), Math.min(5, failure?.retryAfter ?? 0) * 1000));
    }
    this.#changed();
  }

  /** Whether that was one too many: fewer are endured of a channel that has never shown anything. */
  #mediaError(attempt) {
    this.#mediaErrors += 1;
    if (this.#mediaErrors === 2) this.#fallBack();
    return this.#mediaErrors >= (attempt.frameAt ? 6 : 3);
  }

  /** This browser can't play it. The channel may change its codecs: looked at again now and then. */
  #giveUp() {
    this.stop();
    this.failure = 'unsupported';
    this.#mediaErrors = 0;
    this.#later(secondThoughts);
  }

  /** Something on the way may refuse endless responses while the page's own line is open. */
  #refuse({ status }) {
    const server = status === 503 || status === 401 || status === 429;
    const live = this.linked && this.server?.state === 'live' && performance.now() - this.#liveSince > patience;
    this.#refusals = server || !live ? 0 : this.#refusals + 1;
    if (this.#refusals >= refusals) this.#fallBack();
  }

  #fallBack() {
    if (this.#forced || this.#fellBack || this.engine !== 'ts') return false;
    this.#fellBack = true;
    this.counts.fallbacks += 1;
    this.#waits = [];
    return true;
  }

  #waited(attempt) {
    if (attempt !== this.front || this.userPaused || attempt.over) return;
    this.counts.waiting += 1;
    const now = performance.now();
    this.#waits = [...this.#waits.filter((at) => now - at < stalls.within), now];
    attempt.pace.reset();
    attempt.hold(Math.min(2.5, 0.8 + 0.6 * this.#waits.length));
    if (attempt.kind === 'ts' && this.server?.state === 'live' && this.#waits.length >= stalls.count && this.#fallBack()) this.#join();
    this.#changed();
  }

  #tick() {
    const now = performance.now();
    if (!this.pending?.frameAt) this.pending?.tick(now);
    if (this.userPaused) {
      if (this.front && !this.front.over && now - this.#pausedAt > pauseKept) this.front.release();
      return;
    }
    this.front?.tick(now);
    const live = this.linked && this.server?.state === 'live' ? now - this.#liveSince : 0;
    const { pending, front } = this;
    if (pending?.kind === 'ts' && !pending.frameAt && live > patience && now - pending.began > patience && this.#fallBack()) this.#join();
    else if (pending && !pending.frameAt && live > 3 * patience && now - pending.began > 3 * patience) this.#join();
    else if (front && !pending && !this.#retry && live > silence && !this.playing && !front.holding
      && now - front.lastBytesAt > silence) this.#join();
    if (front?.video.paused && !front.holding && !front.over && !document.hidden) this.#external();
    this.#changed();
  }

  /**
   * The element was paused by someone else: by the browser, which lets nothing sound before a touch (Chromium
   * allows an element at volume 0 and pauses it when it is turned up), or by the viewer in its own controls.
   */
  #external() {
    if (navigator.userActivation?.hasBeenActive === false) this.#blocked(this.front);
    else if (this.front.frameAt && performance.now() - this.front.frameAt > 1000) this.pause();
  }
}
