/**
 * The frames of a camera's stream or of a video file.
 *
 * They play in an invisible <video> element of their own. It must be in the document, because
 * browsers throttle or stop detached ones.
 *
 * `requestVideoFrameCallback` reports every new frame and, for a camera, its capture time. In
 * browsers without it, animation frames and the element's clock take its place.
 */

const MAX_AGE_MS = 1000; // an older capture time is from another clock

export class VideoFrames {
  /**
   * @param {function(number)} onPicture (capturedAt in ms)
   * @param {Node} [parent] where the element goes
   */
  constructor(onPicture, parent = document.body) {
    this._parent = parent;
    this._video = document.createElement('video');
    this._video.className = 'frames';
    this._video.setAttribute('aria-hidden', 'true');
    this._video.muted = true;
    this._video.loop = true;
    this._video.playsInline = true;
    this._onPicture = onPicture;
    this._running = false;
    this._handle = 0;
    this._lastTime = -1;
    this._byVideo = 'requestVideoFrameCallback' in HTMLVideoElement.prototype;
  }

  /** Load a stream, or the file at an address. Rejects if it cannot be played. */
  async load({ stream, address }) {
    if (stream) this._video.srcObject = stream;
    else this._video.src = address;
    this._parent.append(this._video);
    await this._video.play();
    if (!this._video.videoWidth) throw new Error('the video has no frames');
  }

  start() {
    if (this._running) return;
    this._running = true;
    this._video.play().catch(() => {}); // it has played before; pausing meanwhile is not an error
    this._next();
  }

  /** Pause on the current frame. */
  stop() {
    this._running = false;
    this._video.pause();
    if (this._byVideo) this._video.cancelVideoFrameCallback(this._handle);
    else cancelAnimationFrame(this._handle);
  }

  /** Release the stream or the file. */
  close() {
    this.stop();
    this._video.srcObject = null;
    this._video.removeAttribute('src');
    this._video.load();
    this._video.remove();
  }

  grab(longest) {
    return snapshot(this._video, this._video.videoWidth, this._video.videoHeight, longest);
  }

  /** @returns {{image: HTMLVideoElement, width: number, height: number}} the current frame */
  preview() {
    const { videoWidth, videoHeight } = this._video;
    return { image: this._video, width: videoWidth, height: videoHeight };
  }

  _next() {
    if (!this._running) return;
    this._handle = this._byVideo
      ? this._video.requestVideoFrameCallback((_, about) => this._picture(about.captureTime))
      : requestAnimationFrame(() => this._look());
  }

  _look() {
    const time = this._video.currentTime;
    if (time === this._lastTime || this._video.readyState < 2) return this._next();
    this._lastTime = time;
    return this._picture(undefined);
  }

  _picture(captureTime) {
    const now = performance.now();
    const age = now - captureTime;
    this._onPicture(age >= 0 && age < MAX_AGE_MS ? captureTime : now);
    this._next();
  }
}

/** A bitmap of a video's or canvas's current content, its longer side at most `longest`. */
export function snapshot(source, width, height, longest) {
  const scale = longest / Math.max(width, height);
  if (scale >= 1) return createImageBitmap(source);
  return createImageBitmap(source, {
    resizeWidth: Math.max(1, Math.round(width * scale)), // of a panorama, one side may be tiny
    resizeHeight: Math.max(1, Math.round(height * scale)),
    resizeQuality: 'medium',
  });
}
