// Two video elements, one in front. What comes next is prepared behind and takes the front with its
// first frame, so that nobody sees a black picture between two streams.

export class Stage {
  #muted = false;
  #volume = 1;

  constructor(front, back) {
    this.front = front;
    this.back = back;
    front.classList.add('front');
    for (const video of [front, back]) {
      video.playsInline = true;
      video.disableRemotePlayback = true;
    }
  }

  get muted() {
    return this.#muted;
  }

  get volume() {
    return this.#volume;
  }

  /** What the viewer wants to hear. The element behind is silent until it comes to the front. */
  sound(muted, volume) {
    this.#muted = muted;
    this.#volume = volume;
    this.#apply();
  }

  #apply() {
    this.front.muted = this.#muted;
    this.front.volume = this.#volume;
    this.back.muted = this.#muted;
    this.back.volume = 0;
  }

  /** The element that the next stream is to use: the front one while a browser window hangs on it. */
  next() {
    const bound = document.pictureInPictureElement === this.front || this.front.webkitDisplayingFullscreen === true;
    return bound ? this.front : this.back;
  }

  /** Brings `video` to the front, where it is not. */
  show(video) {
    if (video !== this.front) {
      this.back = this.front;
      this.front = video;
      this.back.volume = 0;
      this.front.classList.add('front');
      this.back.classList.remove('front');
    }
    this.#apply();
  }
}

/** Calls back once when `video` shows its first frame (or, without picture, plays its first sound). */
export function onFirstFrame(video, callback) {
  let over = false;
  const from = video.currentTime;
  const done = () => {
    if (over) return;
    stop();
    callback();
  };
  const moved = () => {
    const moves = video.currentTime > from + 0.05 && !video.seeking && !video.paused;
    if (video.readyState >= 2 && (moves || document.hidden)) done();
  };
  const stop = () => {
    over = true;
    video.removeEventListener('timeupdate', moved);
    video.removeEventListener('loadeddata', moved);
    video.removeEventListener('playing', moved);
  };
  video.requestVideoFrameCallback?.(done);
  video.addEventListener('timeupdate', moved);
  video.addEventListener('loadeddata', moved);
  video.addEventListener('playing', moved);
  return stop;
}

/** Where what is buffered around the playhead ends; gaps of a few frames are no end. */
export function bufferedEnd(video) {
  const { buffered, currentTime } = video;
  let end = currentTime;
  for (let i = 0; i < buffered.length; i += 1) {
    if (buffered.start(i) <= end + 0.2 && buffered.end(i) > end) end = buffered.end(i);
  }
  return end;
}
