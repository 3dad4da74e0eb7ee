/**
 * Carries the camera's frames to the client.
 *
 * A frame is made only when the client would send it at once; all others are passed by, so the
 * newest one always wins and nothing is queued on the phone. Making frames takes half of the
 * time at most: what a slow phone has left belongs to the page.
 */
'use strict';

const { now: steadyNow } = require('./core/clock.js');
const { FrameEncoder } = require('./frame-encoder.js');
const { rotationFor, upright } = require('./preview.js');

class CameraFeed {
  /** @param {import('./index').FeedOptions} options */
  constructor({ client, canvas, fit, onSent, onProblem, now }) {
    this._client = client;
    this._now = now || steadyNow;
    this._maker = new FrameEncoder({ canvas: canvas || null, fit: fit || 'auto', now: this._now });
    this._onSent = onSent;
    this._onProblem = onProblem;
    /** @type {WechatMiniprogram.CameraFrameListener|null} */
    this._listener = null;
    /** @type {import('./index').Model|null} */
    this._model = null;
    /** @type {import('./index').Preview} */
    this._preview = { width: 0, height: 0, position: 'back', rotate: 'auto', mirror: false };
    this._busy = false;
    this._restUntil = 0;
  }

  /** The model that frames are made for, as `onModel` gives it. @param {import('./index').Model|null} model */
  use(model) {
    this._model = model;
  }

  /** What the camera component shows. @param {Partial<import('./index').Preview>} preview */
  show(preview) {
    this._preview = { ...this._preview, ...preview };
  }

  /**
   * Starts to listen to the camera; call it when the component has said `bindinitdone`.
   * @param {WechatMiniprogram.CameraContext} camera as `wx.createCameraContext` gives it
   */
  start(camera) {
    this.stop();
    this._listener = camera.onCameraFrame((frame) => this.picture(frame));
    this._listener.start({ fail: ({ errMsg }) => this._failed(new Error(errMsg)) });
  }

  /** Ends it. */
  stop() {
    if (this._listener) this._listener.stop({ fail: () => {} });
    this._listener = null;
  }

  /**
   * One frame of the camera. Never throws.
   * @param {import('./index').CameraFrame} frame
   */
  picture(frame) {
    const wanted = this._client.wantsFrame(); // asked for every frame: it measures the camera's rate
    const capturedAt = this._now();
    if (!wanted || !this._model || this._busy || capturedAt < this._restUntil) return;
    const view = this._view(frame);
    this._busy = true;
    try {
      const { uplinkBytesPerS } = this._client.stats();
      const made = this._maker.make(frame, view, this._model, uplinkBytesPerS);
      if (made && 'then' in made) {
        const failed = (/** @type {Error} */ error) => this._failed(error);
        made.then((each) => this._send(each, frame, view, capturedAt)).catch(failed);
      } else {
        this._send(made, frame, view, capturedAt);
      }
    } catch (error) {
      this._failed(/** @type {Error} */ (error));
    }
  }

  /**
   * @param {import('./index').EncodedFrame|null} made null: this way to make one has failed
   * @param {import('./index').CameraFrame} camera
   * @param {import('./index').View} view
   * @param {number} capturedAt
   */
  _send(made, { width, height }, view, capturedAt) {
    this._busy = false;
    if (!made) return;
    this._restUntil = this._now() + made.makingMs;
    const stands = upright({ width, height }, view.rotate);
    const frame = { ...made, captured_at: capturedAt, view, upright: stands };
    if (this._onSent) this._onSent(frame);
    this._client.offer(frame);
  }

  /** @param {Error} error */
  _failed(error) {
    this._busy = false;
    if (this._onProblem) this._onProblem(error);
  }

  /**
   * @param {import('./index').CameraFrame} frame
   * @returns {import('./index').View}
   */
  _view(frame) {
    const { rotate, mirror, position } = this._preview;
    return { rotate: rotate === 'auto' ? rotationFor(frame, this._preview, position) : rotate, mirror };
  }
}

module.exports = { CameraFeed };
