// What the viewer sees and touches around the picture.

import { label, words } from './words.js';

/** Controls fade after so long without a sign of the viewer. */
const fade = 3000;
/** A pause between two streams this short is not worth a word. */
const grace = 900;

const element = (id) => document.getElementById(id);

export class Controls {
  #fading = null;
  #troubledSince = null;
  #auto = false; // muted by the browser, not by the viewer
  #drawn = new Map();

  constructor(stage, director) {
    this.stage = stage;
    this.director = director;
    this.root = element('player');
    this.#restore();
    this.#bind();
    this.render();
  }

  /** The browser lets nothing sound before a touch: play silently and say so. */
  silenced() {
    this.#auto = true;
    this.stage.sound(true, this.stage.volume);
    this.render();
  }

  #restore() {
    const kept = remembered();
    const volume = Number.isFinite(kept.volume) ? Math.min(1, Math.max(0, kept.volume)) : 1;
    this.stage.sound(kept.muted === true, volume);
  }

  #bind() {
    const { root, director } = this;
    element('play').addEventListener('click', () => this.#toggle());
    element('big').addEventListener('click', () => director.play());
    element('mute').addEventListener('click', () => this.#mute(!this.stage.muted));
    element('sound').addEventListener('click', () => this.#mute(false));
    element('volume').addEventListener('input', (event) => this.#volume(event.target.valueAsNumber));
    element('full').addEventListener('click', () => this.#full());
    element('pip').addEventListener('click', () => this.#pip());
    element('help').addEventListener('click', () => this.#help());
    element('keys').addEventListener('click', (event) => event.target === element('keys') && element('keys').close());
    element('picture').addEventListener('dblclick', () => this.#full());
    for (const sign of ['pointermove', 'pointerdown', 'keydown', 'focusin']) root.addEventListener(sign, () => this.#awake());
    root.addEventListener('pointerleave', () => root.classList.add('quiet'));
    addEventListener('keydown', (event) => this.#key(event));
    for (const change of ['fullscreenchange', 'webkitfullscreenchange']) document.addEventListener(change, () => this.render());
    element('pip').hidden = !document.pictureInPictureEnabled;
    element('full').hidden = !(root.requestFullscreen ?? root.webkitRequestFullscreen ?? this.stage.front.webkitEnterFullscreen);
    navigator.mediaSession?.setActionHandler('play', () => director.play());
    navigator.mediaSession?.setActionHandler('pause', () => director.pause());
    this.#awake();
  }

  #awake() {
    this.root.classList.remove('quiet');
    clearTimeout(this.#fading);
    this.#fading = setTimeout(() => {
      const focused = document.activeElement?.matches?.('button:focus-visible, input:focus-visible');
      if (!focused && this.director.state === 'playing' && !element('keys').open) this.root.classList.add('quiet');
    }, fade);
  }

  #key(event) {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    const onButton = event.target instanceof HTMLButtonElement;
    switch (event.key) {
      case ' ': if (onButton) return; this.#toggle(); break;
      case 'k': case 'K': this.#toggle(); break;
      case 'm': case 'M': this.#mute(!this.stage.muted); break;
      case 'f': case 'F': this.#full(); break;
      case 'p': case 'P': this.#pip(); break;
      case 'ArrowUp': this.#volume(this.stage.volume + 0.1); break;
      case 'ArrowDown': this.#volume(this.stage.volume - 0.1); break;
      case 'ArrowRight': if (event.target.type === 'range') return; this.#volume(this.stage.volume + 0.05); break;
      case 'ArrowLeft': if (event.target.type === 'range') return; this.#volume(this.stage.volume - 0.05); break;
      case '?': this.#help(); break;
      default: return;
    }
    event.preventDefault();
    this.#awake();
  }

  #toggle() {
    if (!this.director.server?.active) return;
    if (this.director.userPaused) this.director.play();
    else this.director.pause();
  }

  #mute(muted) {
    this.#auto = false;
    this.stage.sound(muted, !muted && this.stage.volume < 0.05 ? 0.5 : this.stage.volume);
    this.#keep();
  }

  #volume(volume) {
    const value = Math.min(1, Math.max(0, volume));
    this.#auto = false;
    this.stage.sound(value === 0, value);
    this.#keep();
  }

  #keep() {
    remember({ muted: this.stage.muted, volume: this.stage.volume });
    this.render();
  }

  #full() {
    const { root } = this;
    if (document.fullscreenElement ?? document.webkitFullscreenElement) {
      (document.exitFullscreen ?? document.webkitExitFullscreen).call(document);
    } else if (root.requestFullscreen) root.requestFullscreen().catch(() => {});
    else if (root.webkitRequestFullscreen) root.webkitRequestFullscreen();
    else this.stage.front.webkitEnterFullscreen?.();
  }

  async #pip() {
    if (!document.pictureInPictureEnabled) return;
    try {
      if (document.pictureInPictureElement) await document.exitPictureInPicture();
      else if (this.stage.front.readyState > 0) await this.stage.front.requestPictureInPicture();
    } catch {
      // the browser has its reasons, such as a window that is already open
    }
  }

  #help() {
    const keys = element('keys');
    if (keys.open) keys.close();
    else keys.showModal();
  }

  /** Draws what has changed; called at each change and four times a second. */
  render() {
    const { director, stage } = this;
    const { server, state } = director;
    const playing = state === 'playing';
    this.#once('state', state, (value) => {
      this.root.dataset.state = value;
      if (value !== 'playing') this.root.classList.remove('quiet');
      else this.#awake();
      if (navigator.mediaSession) navigator.mediaSession.playbackState = playing ? 'playing' : value === 'idle' ? 'none' : 'paused';
    });
    this.#once('name', server?.active ? (server.channel_name ?? '') : '', (name) => {
      element('name').textContent = name;
      document.title = name || words.idle;
      if (navigator.mediaSession) navigator.mediaSession.metadata = name ? new MediaMetadata({ title: name }) : null;
    });
    this.#once('live', playing && server?.state === 'live', (live) => element('live').classList.toggle('on', live));
    this.#once('viewers', server?.active ? server.viewers : 0, (count) => {
      element('viewers').hidden = !count;
      element('count').textContent = new Intl.NumberFormat(document.documentElement.lang).format(count);
      label(element('viewers'), words.viewers(count));
    });
    this.#once('play', director.userPaused, (paused) => {
      element('play').classList.toggle('alternate', paused);
      label(element('play'), paused ? words.play : words.pause);
    });
    this.#once('muted', stage.muted, (muted) => {
      element('mute').classList.toggle('alternate', muted);
      label(element('mute'), muted ? words.unmute : words.mute);
    });
    this.#once('volume', stage.muted ? 0 : stage.volume, (volume) => {
      element('volume').value = volume;
    });
    this.#once('full', !!(document.fullscreenElement ?? document.webkitFullscreenElement), (full) => {
      element('full').classList.toggle('alternate', full);
      label(element('full'), full ? words.leaveFullscreen : words.fullscreen);
    });
    this.#once('sound', this.#auto && playing, (on) => {
      element('sound').hidden = !on;
    });
    this.#once('soundOnly', playing && director.front?.picture === false, (on) => {
      element('radio').hidden = !on;
    });
    this.#once('big', state === 'paused', (on) => {
      element('big').hidden = !on;
    });
    this.#once('bar', !server?.active || state === 'unsupported', (off) => {
      element('bar').hidden = off;
    });
    this.#messages(state, server);
  }

  #messages(state, server) {
    const card = {
      idle: ['idle', 'idleHint'],
      unsupported: this.director.failure === 'noEngine' ? ['noEngine', 'noEngineHint'] : ['unsupported', 'unsupportedHint'],
    }[state];
    this.#once('card', card?.join() ?? '', () => {
      element('card').hidden = !card;
      if (card) [element('card-title').textContent, element('card-hint').textContent] = card.map((key) => words[key]);
    });
    const now = performance.now();
    const holding = this.director.front?.holding && state === 'playing';
    const troubled = holding || ['joining', 'reconnecting', 'offline'].includes(state);
    this.#troubledSince = troubled ? (this.#troubledSince ?? now) : null;
    const shown = troubled && (now - this.#troubledSince >= (this.director.front ? grace : 300) || state === 'offline');
    let text = '';
    if (shown) {
      const switching = this.director.front && server?.generation !== this.director.front.generation;
      text = state === 'offline' ? words.offline
        : server?.state === 'reconnecting' || server?.state === 'failed' ? words.sourceAway
          : switching ? words.switching : state === 'joining' || holding ? words.joining : words.reconnecting;
    }
    this.#once('notice', text, () => {
      element('notice').hidden = !text;
      element('notice-text').textContent = text;
    });
  }

  #once(key, value, draw) {
    if (this.#drawn.get(key) === value && this.#drawn.has(key)) return;
    this.#drawn.set(key, value);
    draw(value);
  }
}

const shelf = 'relais.sound';

function remembered() {
  try {
    return JSON.parse(localStorage.getItem(shelf)) ?? {};
  } catch {
    return {};
  }
}

function remember(sound) {
  try {
    localStorage.setItem(shelf, JSON.stringify(sound));
  } catch {
    // private windows keep nothing
  }
}
