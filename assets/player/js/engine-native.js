// HLS by the browser itself: iPhones before Managed Media Source, and Safari where asked.

const type = 'application/vnd.apple.mpegurl';

/** Whether this browser plays HLS by itself. */
export function supported() {
  return document.createElement('video').canPlayType(type) !== '';
}

export class NativeEngine {
  name = 'native';
  #video;
  #listeners = new AbortController();

  constructor(video, url, on) {
    this.#video = video;
    const options = { signal: this.#listeners.signal };
    video.addEventListener('loadedmetadata', () => on.response(), options);
    video.addEventListener('progress', () => on.bytes(0), options);
    video.addEventListener('ended', () => on.ended(), options);
    video.addEventListener('error', () => {
      const code = video.error?.code;
      on.failed({ kind: code === 4 ? 'http' : code === 3 ? 'media' : 'network', retryAfter: 0, message: video.error?.message });
    }, options);
    video.src = url;
    video.load();
    on.attached();
  }

  follow() {
    return false;
  }

  /** The browser decides how much it loads while it is paused. */
  release() {}

  destroy() {
    this.#listeners.abort();
    this.#video.pause();
    this.#video.removeAttribute('src');
    this.#video.load();
  }
}
