// One try to show what is on air: an engine on a video element, and what became of it.

import { HlsEngine } from './engine-hls.js';
import { NativeEngine } from './engine-native.js';
import { TsEngine } from './engine-ts.js';
import { Pace } from './pace.js';
import { bufferedEnd, onFirstFrame } from './stage.js';

const engines = {
  ts: [TsEngine, '/internal_stream.ts'],
  hls: [HlsEngine, '/internal_stream.m3u8'],
  native: [NativeEngine, '/internal_stream.m3u8'],
};

/**
 * Seconds in hand before an attempt runs; its first frame shows before. With less, Chromium underruns and
 * then stands still for more than a second. HLS: the next segment may be a poll away.
 */
const start = { ts: 0.6, hls: 3.8, native: 0 };
/** TS whose bytes still came so long after the first ones flows; else the next burst is waited for. */
const flowing = 300;
/** An attempt that has a picture stands still no longer than this, whatever is in hand. */
const longest = 12_000;

export class Attempt {
  began = performance.now();
  respondedAt = null;
  frameAt = null;
  lastBytesAt = performance.now();
  #firstBytesAt = null;
  #rhythmKnown = false;
  awaited = false; // it may be of what was on air before: then it ends at once
  over = false; // its response ended or failed: what is buffered is all there is
  #hold = null;
  #stopFrame;
  #listeners = new AbortController();

  /** `on`: frame(attempt), over(attempt, failure|null), waiting(attempt), blocked(attempt). */
  constructor(kind, video, { session, generation }, on) {
    this.kind = kind;
    this.generation = generation;
    this.pace = new Pace(kind);
    this.video = video;
    this.on = on;
    video.playbackRate = 1;
    this.framesBefore = frames(video);
    const [Engine, path] = engines[kind];
    this.#stopFrame = onFirstFrame(video, () => {
      this.frameAt = performance.now();
      on.frame(this);
    });
    video.addEventListener('waiting', () => this.frameAt && !video.seeking && on.waiting(this), { signal: this.#listeners.signal });
    if (start[kind]) this.hold(start[kind]);
    this.engine = new Engine(video, `${path}?session=${encodeURIComponent(session)}`, {
      // Attaching loads the element anew, which would undo an earlier play().
      attached: () => this.#hold ?? this.play(),
      response: (silence) => {
        this.respondedAt ??= performance.now();
        this.#rhythmKnown = silence !== undefined;
        if (this.#rhythmKnown) this.pace.expect(silence);
      },
      bytes: () => {
        this.lastBytesAt = performance.now();
        this.#firstBytesAt ??= this.lastBytesAt;
      },
      jumped: () => { this.pace.reset(); },
      ended: () => { this.over = true; on.over(this, null); },
      failed: (failure) => { this.over = true; on.over(this, failure); },
    });
  }

  /** Milliseconds from the request to the first frame; null before. */
  get firstFrame() {
    return this.frameAt && this.frameAt - this.began;
  }

  /** Whether there is a picture: a channel may have none, or one that this browser can't decode. */
  get picture() {
    return this.video.videoWidth > 0 || this.video.readyState === 0;
  }

  get inHand() {
    return bufferedEnd(this.video) - this.video.currentTime;
  }

  /**
   * Stands still, on its picture, until so many seconds are in hand, more where the source is known to be
   * silent for longer (or until the response is over, or there was a picture for too long).
   */
  hold(seconds) {
    this.#hold = { seconds, until: null };
    this.video.pause();
  }

  /** Milliseconds until what is buffered has been played. */
  get rest() {
    return (this.inHand / this.video.playbackRate) * 1000;
  }

  get holding() {
    return this.#hold !== null;
  }

  async play() {
    this.#hold = null;
    try {
      await this.video.play();
    } catch (error) {
      if (error.name === 'NotAllowedError') this.on.blocked(this);
    }
  }

  /** Called every tick while this attempt is wanted. */
  tick(now) {
    if (this.#hold) {
      this.pace.observe(now / 1000, bufferedEnd(this.video));
      if (this.frameAt !== null || this.video.readyState >= 2) this.#hold.until ??= now + longest;
      const ready = this.#flows(now) && this.inHand >= Math.max(this.#hold.seconds, this.pace.need);
      if (ready || this.over || now > (this.#hold.until ?? Infinity)) this.play();
      return;
    }
    if (!this.frameAt || this.over || this.kind === 'native' || this.video.paused || this.video.seeking) {
      if (this.over && this.video.playbackRate !== 1) this.video.playbackRate = 1;
      return;
    }
    const { rate, skip } = this.pace.sample(now / 1000, this.video.currentTime, bufferedEnd(this.video));
    if (skip > 0) this.video.currentTime += skip;
    if (this.video.playbackRate !== rate) this.video.playbackRate = rate;
  }

  /** Whether what is in hand says how much more will come in time. */
  #flows(now) {
    if (this.kind !== 'ts' || this.#rhythmKnown) return true;
    return this.#firstBytesAt !== null && this.lastBytesAt - this.#firstBytesAt > flowing && now - this.lastBytesAt < flowing;
  }

  /** Jumps to the newest that leaves a comfortable rest in hand, where more has gathered. */
  catchUp(rest) {
    const ahead = this.inHand - rest;
    if (ahead > 1 && this.kind !== 'native') {
      this.video.currentTime += ahead;
      this.pace.reset();
    }
  }

  /** Frames decoded and dropped by this attempt. */
  get frames() {
    const now = frames(this.video);
    return { decoded: Math.max(0, now.decoded - this.framesBefore.decoded), dropped: Math.max(0, now.dropped - this.framesBefore.dropped) };
  }

  /** Gives the connection back and keeps the picture. */
  release() {
    this.over = true;
    this.engine.release();
  }

  destroy() {
    this.#listeners.abort();
    this.#stopFrame();
    this.engine.destroy();
  }
}

function frames(video) {
  const quality = video.getVideoPlaybackQuality?.();
  return { decoded: quality?.totalVideoFrames ?? 0, dropped: quality?.droppedVideoFrames ?? 0 };
}
