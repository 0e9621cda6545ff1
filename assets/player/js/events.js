// The server's event stream: what is on air, and a fresh ticket for its media.
//
// EventSource gives up for good on some errors and waits a fixed time on others, so each try is ours.

import { Backoff } from './backoff.js';

/** A state event comes at least once a minute; a line that is silent longer is dead. */
const silence = 80_000;

export class ServerEvents {
  #source = null;
  #timer = null;
  #watchdog = null;
  #backoff = new Backoff(0.3, 5);

  /** `onState(state)` at each event; `onLink(up)` when the line opens or breaks. */
  constructor(onState, onLink) {
    this.onState = onState;
    this.onLink = onLink;
    addEventListener('online', () => this.retryNow());
    addEventListener('pageshow', (event) => event.persisted && this.retryNow());
    this.#open();
  }

  /** Tries again at once where the line is down. */
  retryNow() {
    if (this.#source?.readyState === EventSource.OPEN) return;
    this.#backoff.reset();
    this.#open();
  }

  /** Asks for a fresh state by opening the line anew. */
  renew() {
    this.#open();
  }

  #open() {
    clearTimeout(this.#timer);
    this.#source?.close();
    const source = new EventSource('/watch/events');
    this.#source = source;
    this.#watch();
    source.addEventListener('state', (event) => {
      if (source !== this.#source) return;
      this.#watch();
      this.#backoff.reset();
      this.onLink(true);
      this.onState(JSON.parse(event.data));
    });
    source.addEventListener('error', () => {
      if (source === this.#source) this.#broken();
    });
  }

  #broken() {
    this.#source.close();
    this.onLink(false);
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.#open(), this.#backoff.next());
  }

  #watch() {
    clearTimeout(this.#watchdog);
    this.#watchdog = setTimeout(() => this.#broken(), silence);
  }
}
