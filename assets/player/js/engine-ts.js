// Endless MPEG-TS through Media Source, by mpegts.js: a picture as soon as a keyframe is here.
//
// The loader is ours: it knows when the response began, reads Retry-After, and closes its connection
// at once (mpegts.js leaves one open in Chromium until the next bytes come, and a viewer with it).

let loading = null;

/** Loads mpegts.js once. */
function library() {
  loading ??= new Promise((resolve, reject) => {
    const script = document.createElement('script');
    script.src = '/assets/player/vendor/mpegts.js';
    script.onload = () => {
      globalThis.mpegts.LoggingControl.enableAll = false;
      resolve(globalThis.mpegts);
    };
    script.onerror = () => {
      loading = null;
      script.remove();
      reject(new Error('mpegts.js did not load'));
    };
    document.head.append(script);
  });
  return loading;
}

/** Whether this browser can play H.264 through Media Source at all. */
export function supported() {
  const source = globalThis.MediaSource ?? globalThis.ManagedMediaSource;
  return !!source?.isTypeSupported?.('video/mp4; codecs="avc1.42E01E,mp4a.40.2"') && !!globalThis.ReadableStream;
}

function loaderFor(mpegts, on) {
  return class extends mpegts.BaseLoader {
    #abort = new AbortController();

    constructor() {
      super('relais-ts');
      this._needStash = false;
      on.loader(this);
    }

    async open(dataSource) {
      this._status = mpegts.LoaderStatus.kConnecting;
      let received = 0;
      try {
        const response = await fetch(dataSource.url, { signal: this.#abort.signal, cache: 'no-store' });
        if (!response.ok) {
          this._status = mpegts.LoaderStatus.kError;
          const after = Number(response.headers.get('Retry-After'));
          response.body?.cancel().catch(() => {});
          on.failed({ kind: 'http', status: response.status, retryAfter: Number.isFinite(after) ? after : 0 });
          return;
        }
        const silence = Number.parseFloat(response.headers.get('X-Relais-Silence'));
        on.response(Number.isFinite(silence) ? silence : undefined);
        this._status = mpegts.LoaderStatus.kBuffering;
        const reader = response.body.getReader();
        for (;;) {
          const { done, value } = await reader.read();
          if (this.#abort.signal.aborted) return;
          if (done) break;
          const whole = value.byteLength === value.buffer.byteLength;
          const bytes = whole ? value.buffer : value.slice().buffer;
          on.bytes(bytes.byteLength);
          this._onDataArrival(bytes, received, received + bytes.byteLength);
          received += bytes.byteLength;
        }
        this._status = mpegts.LoaderStatus.kComplete;
        this._onComplete?.(0, received - 1);
      } catch (error) {
        if (this.#abort.signal.aborted) return;
        this._status = mpegts.LoaderStatus.kError;
        on.failed({ kind: 'network', message: String(error) });
      }
    }

    abort() {
      this.#abort.abort();
      this._status = mpegts.LoaderStatus.kComplete;
    }

    destroy() {
      if (this.isWorking()) this.abort();
      super.destroy();
    }
  };
}

/**
 * Plays `url` in `video`. `on` is told of attached(), response(seconds that the source is silent at a time,
 * where known), bytes(n), ended() and
 * failed({kind: 'http'|'network'|'codec'|'media', status?, retryAfter?, message?}).
 */
export class TsEngine {
  name = 'ts';
  #player = null;
  #loader = null;
  #gone = false;

  constructor(video, url, on) {
    library().then(
      (mpegts) => this.#gone || this.#begin(mpegts, video, url, on),
      (error) => this.#gone || on.failed({ kind: 'network', message: error.message }),
    );
  }

  #begin(mpegts, video, url, on) {
    const alive = (call) => (...given) => this.#gone || call(...given);
    // What it leads to destroys the player, which must not happen within its own event.
    const later = (call, ...given) => queueMicrotask(() => this.#gone || call(...given));
    const guarded = { response: alive(on.response), bytes: alive(on.bytes), failed: alive(on.failed), loader: (it) => { this.#loader = it; } };
    const player = mpegts.createPlayer(
      { type: 'mpegts', isLive: true, url },
      {
        enableWorker: false,
        enableStashBuffer: false,
        deferLoadAfterSourceOpen: false,
        lazyLoad: false,
        liveBufferLatencyChasing: false,
        autoCleanupSourceBuffer: true,
        autoCleanupMaxBackwardDuration: 30,
        autoCleanupMinBackwardDuration: 10,
        customLoader: loaderFor(mpegts, guarded),
      },
    );
    this.#player = player;
    player.on(mpegts.Events.ERROR, alive((type, detail, info) => {
      const text = `${detail}: ${info?.msg ?? ''}`;
      const unsupported = /unsupported|not supported/i.test(text);
      // A sound that begins after the picture has no place any more in this Media Source: another one has.
      if (/addSourceBuffer/.test(text) && !unsupported) {
        this.release();
        later(on.ended);
        return;
      }
      const codec = detail === mpegts.ErrorDetails.MEDIA_CODEC_UNSUPPORTED || (/addSourceBuffer/.test(text) && unsupported);
      later(on.failed, { kind: codec ? 'codec' : 'media', message: text });
    }));
    player.on(mpegts.Events.LOADING_COMPLETE, alive(() => on.ended()));
    player.attachMediaElement(video);
    player.load();
    on.attached();
  }

  /** A response ends at every switch, so there is nothing to follow: join anew. */
  follow() {
    return false;
  }

  release() {
    this.#loader?.abort();
  }

  destroy() {
    this.#gone = true;
    this.#player?.destroy();
    this.#player = null;
  }
}
