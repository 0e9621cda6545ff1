// HLS through Media Source, by hls.js (light build): where endless responses don't get through, or
// where a cache is to carry the viewers.

let loading = null;

function library() {
  loading ??= new Promise((resolve, reject) => {
    const script = document.createElement('script');
    script.src = '/assets/player/vendor/hls.light.min.js';
    script.onload = () => resolve(globalThis.Hls);
    script.onerror = () => {
      loading = null;
      script.remove();
      reject(new Error('hls.js did not load'));
    };
    document.head.append(script);
  });
  return loading;
}

/** How often a playlist that has nothing new is asked for again, and for how long. */
const pollEvery = 350;
const pollFor = 4000;

/**
 * hls.js asks for a live playlist once per segment, at the moment at which it saw the last one, and again a whole
 * segment later where that was a blink too early: then most of what it had in hand is gone. This loader asks again
 * soon instead, until there is something new.
 */
function playlistLoader(Base) {
  let seen = '';
  return class {
    #config;
    #inner;
    #timer = 0;

    constructor(config) {
      this.#config = config;
      this.#inner = new Base(config);
    }

    get stats() {
      return this.#inner.stats;
    }

    load(context, policy, callbacks) {
      this.context = context;
      const until = performance.now() + pollFor;
      const ask = () => this.#inner.load(context, policy, { ...callbacks, onSuccess: answered });
      const answered = (response, ...rest) => {
        const isMedia = context.type === 'level' || /#EXTINF/.test(response.data);
        if (isMedia && response.data === seen && performance.now() < until) {
          this.#timer = setTimeout(() => {
            this.#inner.destroy();
            this.#inner = new Base(this.#config);
            ask();
          }, pollEvery * (0.8 + 0.4 * Math.random()));
          return;
        }
        if (isMedia) seen = response.data;
        callbacks.onSuccess(response, ...rest);
      };
      ask();
    }

    getCacheAge() {
      return this.#inner.getCacheAge?.() ?? null;
    }

    getResponseHeader(name) {
      return this.#inner.getResponseHeader?.(name) ?? null;
    }

    abort() {
      clearTimeout(this.#timer);
      this.#inner.abort();
    }

    destroy() {
      clearTimeout(this.#timer);
      this.#inner.destroy();
    }
  };
}

/** How often the playlist is asked for while a switch is on its way. */
const followEvery = 400;
/** The page joins anew where a switch does not come through the playlist in this time. */
const followFor = 12_000;

/** Plays the multivariant playlist `url` in `video`; `on` as for the TS engine. */
export class HlsEngine {
  name = 'hls';
  #hls = null;
  #gone = false;
  #video;
  #on;
  #playing = null; // discontinuity number of what is shown
  #following = null;

  constructor(video, url, on) {
    this.#video = video;
    this.#on = on;
    library().then(
      (Hls) => this.#gone || this.#begin(Hls, url),
      (error) => this.#gone || on.failed({ kind: 'network', message: error.message }),
    );
  }

  #begin(Hls, url) {
    const on = this.#on;
    const hls = new Hls({
      enableWorker: true,
      lowLatencyMode: false,
      startFragPrefetch: true,
      testBandwidth: false,
      backBufferLength: 20,
      maxBufferLength: 30,
      liveDurationInfinity: true,
      maxLiveSyncPlaybackRate: 1,
      pLoader: playlistLoader(Hls.DefaultConfig.loader),
    });
    this.#hls = hls;
    let recovered = 0;
    hls.on(Hls.Events.MANIFEST_PARSED, () => on.response());
    hls.on(Hls.Events.FRAG_LOADED, (_, { frag }) => on.bytes(frag.stats.loaded));
    hls.on(Hls.Events.FRAG_CHANGED, (_, { frag }) => {
      this.#playing = frag.cc;
    });
    hls.on(Hls.Events.LEVEL_UPDATED, (_, { details }) => this.#look(details));
    hls.on(Hls.Events.ERROR, (_, data) => {
      if (!data.fatal) return;
      const { ErrorDetails: kind, ErrorTypes: type } = Hls;
      if (data.details === kind.BUFFER_ADD_CODEC_ERROR || data.details === kind.MANIFEST_INCOMPATIBLE_CODECS_ERROR
        || data.details === kind.BUFFER_INCOMPATIBLE_CODECS_ERROR) {
        on.failed({ kind: 'codec', message: data.details });
      } else if (data.type === type.MEDIA_ERROR && recovered < 1) {
        recovered += 1;
        hls.recoverMediaError();
      } else if (data.type === type.NETWORK_ERROR) {
        const status = data.response?.code || 0;
        on.failed({ kind: status ? 'http' : 'network', status, retryAfter: 0, message: data.details });
      } else {
        on.failed({ kind: 'media', message: data.details });
      }
    });
    hls.attachMedia(this.#video);
    hls.loadSource(url);
    on.attached();
  }

  /**
   * Another channel goes on air: its first segment stands behind the next discontinuity of the same
   * playlist. Asks for the playlist often until it is there, then jumps to it.
   */
  follow() {
    const url = this.#hls?.levels?.[0]?.url?.[0] ?? this.#hls?.levels?.[0]?.uri;
    if (!url || this.#playing === null) return false;
    clearTimeout(this.#following?.timer);
    const following = { from: this.#playing, until: performance.now() + followFor, timer: 0 };
    this.#following = following;
    const ask = async () => {
      if (this.#gone || this.#following !== following) return;
      if (performance.now() > following.until) {
        this.#following = null;
        this.#on.ended();
        return;
      }
      try {
        const text = await (await fetch(url, { cache: 'no-store' })).text();
        if (!this.#gone && this.#following === following && newest(text) > following.from) {
          this.#hls.startLoad(this.#video.currentTime, true);
        }
      } catch {
        // hls.js reports what stays broken
      }
      following.timer = setTimeout(ask, followEvery);
    };
    ask();
    return true;
  }

  #look(details) {
    const following = this.#following;
    if (!following) return;
    const last = details.fragments.at(-1)?.cc ?? 0;
    if (last <= following.from) return;
    const first = details.fragments.find((fragment) => fragment.cc === last);
    clearTimeout(following.timer);
    this.#following = null;
    this.#playing = last;
    this.#video.currentTime = first.start + 0.02;
    this.#on.jumped();
  }

  release() {
    this.#hls?.stopLoad();
  }

  destroy() {
    this.#gone = true;
    clearTimeout(this.#following?.timer);
    this.#hls?.destroy();
    this.#hls = null;
  }
}

/** The discontinuity number of a media playlist's last segment. */
export function newest(text) {
  const sequence = Number(/^#EXT-X-DISCONTINUITY-SEQUENCE:(\d+)/m.exec(text)?.[1] ?? 0);
  return sequence + (text.match(/^#EXT-X-DISCONTINUITY\s*$/gm)?.length ?? 0);
}
