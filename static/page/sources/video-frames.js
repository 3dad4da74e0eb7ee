/**
 * The moving pictures of a camera's stream or of a file, one call for each.
 *
 * They run in a <video> element of their own that nobody sees: it must be on the page, because
 * browsers slow down or stop what is not.
 *
 * `requestVideoFrameCallback` tells of every new picture and, for a camera, when it was taken.
 * Where a browser lacks it, the screen's own beat and the element's clock stand in.
 */

const BELIEVABLE_MS = 1000; // a capture time further back than that is another clock's

export class VideoFrames {
  /** @param {function(number)} onPicture (capturedAt in ms) */
  constructor(onPicture) {
    this._video = document.createElement('video');
    this._video.className = 'film';
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

  /** Shows a stream, or the file at an address. Rejects if that cannot be played. */
  async load({ stream, address }) {
    if (stream) this._video.srcObject = stream;
    else this._video.src = address;
    document.body.append(this._video);
    await this._video.play();
    if (!this._video.videoWidth) throw new Error('a film without pictures');
  }

  start() {
    if (this._running) return;
    this._running = true;
    this._video.play().catch(() => {}); // it played before; a pause in between is no failure
    this._next();
  }

  /** Stands still on the picture that it shows. */
  stop() {
    this._running = false;
    this._video.pause();
    if (this._byVideo) this._video.cancelVideoFrameCallback(this._handle);
    else cancelAnimationFrame(this._handle);
  }

  /** Lets go of the stream or the file. */
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
    this._onPicture(age >= 0 && age < BELIEVABLE_MS ? captureTime : now);
    this._next();
  }
}

/** A picture of a video or a canvas as it is now, its longer side at most `longest`. */
export function snapshot(source, width, height, longest) {
  const scale = longest / Math.max(width, height);
  if (scale >= 1) return createImageBitmap(source);
  return createImageBitmap(source, {
    resizeWidth: Math.round(width * scale),
    resizeHeight: Math.round(height * scale),
    resizeQuality: 'medium',
  });
}
