// Delays between tries: growing, jittered, so that a thousand pages don't return in the same instant.

export class Backoff {
  #tries = 0;

  /** Delays in seconds: the first, and the longest. */
  constructor(first, longest) {
    this.first = first;
    this.longest = longest;
  }

  /** The next delay in milliseconds. */
  next() {
    const delay = Math.min(this.longest, this.first * 2 ** this.#tries);
    this.#tries += 1;
    return delay * (0.6 + 0.8 * Math.random()) * 1000;
  }

  reset() {
    this.#tries = 0;
  }

  get tries() {
    return this.#tries;
  }
}
