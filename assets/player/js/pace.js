// How fast to play, so that a little is in hand for a late packet and latency never grows.
//
// What counts is the low-water mark: the least that was in hand over a window longer than the source's
// longest silence. A source that delivers 4 s at once swings by 4 s; its low-water mark does not.

/**
 * Seconds at the low-water mark, by engine: slower below `low`, faster above `high` until `eased`, and a
 * jump above `jump`. HLS stands three target durations behind by its own rules.
 */
export const comfort = {
  ts: { low: 1.5, eased: 2.5, high: 3.5, jump: 10 },
  hls: { low: 2, eased: 10, high: 14, jump: 24 },
};

/** Below this the next late packet is a stall. */
const scarce = 0.5;
/** A source that is silent longer than this comes in bursts; before its rhythm is known, so long ones. */
const silent = 0.5;
const presumed = 4;
/** The slowest that is played. */
const slowest = 0.9;
/** What a burst may be late. */
const spare = 0.4;
/** A source is not known before it was watched this long. */
const settle = 12;

export class Pace {
  #comfort;
  #samples = [];
  #began = null;
  #end = 0;
  #grewAt = 0;
  #gap = 0;
  #rate = 1;

  constructor(engine) {
    this.#comfort = comfort[engine] ?? comfort.ts;
  }

  /** The longest silence between two arrivals so far, in seconds. */
  get gap() {
    return this.#gap;
  }

  /** Seconds that have to be in hand to get over the next silence, at the slowest rate. */
  get need() {
    return this.#gap > silent ? this.#gap * slowest + spare : 0;
  }

  /** The source is known to be silent for so long at a time. */
  expect(gap) {
    this.#gap = Math.max(this.#gap, gap);
  }

  /** Takes note of where what is buffered ends. */
  observe(now, end) {
    if (end <= this.#end + 0.001 && end >= this.#end) return;
    if (this.#grewAt) this.#gap = Math.max(this.#gap, now - this.#grewAt);
    this.#end = end;
    this.#grewAt = now;
  }

  /** The least in hand within the window, in seconds. */
  get low() {
    return this.#samples.reduce((least, sample) => Math.min(least, sample.inHand), Infinity);
  }

  /** Begins anew, after a jump or a stall. What is known of the source stays. */
  reset() {
    this.#samples = [];
  }

  /**
   * Takes one sample, in seconds: the clock, where playback is, where what is buffered ends.
   * Answers `{rate, skip}`: the rate to play at, and how far to jump ahead (0: not at all).
   */
  sample(now, position, end) {
    this.#began ??= now;
    this.observe(now, end);
    const inHand = Math.max(0, end - position);
    const window = Math.min(20, Math.max(4, this.#gap * 1.5));
    this.#samples.push({ now, inHand });
    while (this.#samples[0].now < now - window) this.#samples.shift();
    const known = now - this.#samples[0].now >= window * 0.8;
    const low = this.low;
    if (known && low > this.#comfort.jump) {
      this.reset();
      return { rate: 1, skip: low - this.#comfort.eased };
    }
    const foreseen = this.#foresee(now, inHand);
    if (inHand < scarce || foreseen < 2 * scarce) this.#rate = slowest;
    else this.#rate = this.#choose(low, known, now - this.#began < settle);
    return { rate: this.#rate, skip: 0 };
  }

  /** What will be in hand when the next burst comes. */
  #foresee(now, inHand) {
    const since = now - this.#grewAt;
    if (since < silent) return Infinity;
    const gap = this.#gap > silent ? Math.max(this.#gap, since + silent) : Math.max(presumed, since * 1.5);
    return Math.max(0, inHand - (gap - since));
  }

  #choose(low, known, settling) {
    const comfort = this.#comfort;
    if (low < comfort.low || (settling && low < comfort.high)) return 0.95;
    if (!known) return 1;
    if (low > comfort.high) return 1.05;
    if (this.#rate > 1 && low > comfort.eased) return 1.05;
    if (this.#rate < 1 && low < comfort.low + 0.25) return 0.95;
    return 1;
  }
}
