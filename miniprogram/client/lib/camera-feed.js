/**
 * Sends the camera's frames through a client.
 *
 * A frame is encoded only if the client would send it immediately; all others are skipped. So the
 * newest frame always wins, and nothing is queued on the phone. Encoding takes at most half of the
 * time, to leave the rest of a slow phone's CPU to the page.
 */
'use strict';

const { now: clock } = require('./core/clock.js');
const { FrameEncoder } = require('./frame-encoder.js');
const { rotationFor, uprightSize } = require('./preview.js');

class CameraFeed {
  /** @param {import('./index').FeedOptions} options */
  constructor({ client, canvas, fit, onSent, onError, now }) {
    this._client = client;
    this._now = now || clock;
    this._encoder = new FrameEncoder({ canvas: canvas || null, fit: fit || 'auto', now: this._now });
    this._onSent = onSent;
    this._onError = onError;
    /** @type {import('./index').CameraFrameListener|null} */
    this._listener = null;
    /** @type {import('./index').Model|null} */
    this._model = null;
    /** @type {import('./index').Preview} */
    this._preview = { width: 0, height: 0, position: 'back', rotate: 'auto', mirror: false };
    this._isBusy = false;
    this._restUntil = 0;
  }

  /**
   * Set the model to encode frames for, as `onModel` reports it.
   * @param {import('./index').Model|null} model
   */
  setModel(model) {
    this._model = model;
  }

  /**
   * Describe what the camera component shows.
   * @param {Partial<import('./index').Preview>} preview
   */
  setPreview(preview) {
    this._preview = { ...this._preview, ...preview };
  }

  /**
   * Start listening to the camera. Call this after the component's `bindinitdone`.
   * @param {import('./index').CameraContext} camera from `wx.createCameraContext`
   */
  start(camera) {
    this.stop();
    this._listener = camera.onCameraFrame((frame) => this.push(frame));
    this._listener.start({ fail: ({ errMsg }) => this._failed(new Error(errMsg)) });
  }

  /** Stop listening. */
  stop() {
    if (this._listener) this._listener.stop({ fail: () => {} });
    this._listener = null;
  }

  /**
   * Take one frame of the camera. Never throws.
   * @param {import('./index').CameraFrame} frame
   */
  push(frame) {
    const isWanted = this._client.wantsFrame(); // called for every frame: it measures the rate
    const capturedAt = this._now();
    if (!isWanted || !this._model || this._isBusy || capturedAt < this._restUntil) return;
    const orientation = this._orientation(frame);
    this._isBusy = true;
    try {
      const { uplinkBytesPerS } = this._client.stats();
      const encoded = this._encoder.encode(frame, orientation, this._model, uplinkBytesPerS);
      if (encoded && 'then' in encoded) {
        const failed = (/** @type {Error} */ error) => this._failed(error);
        encoded.then((later) => this._send(later, frame, orientation, capturedAt)).catch(failed);
      } else {
        this._send(encoded, frame, orientation, capturedAt);
      }
    } catch (error) {
      this._failed(/** @type {Error} */ (error));
    }
  }

  /**
   * @param {import('./index').EncodedFrame|null} encoded null if this encoding failed
   * @param {import('./index').CameraFrame} camera
   * @param {import('./index').Orientation} orientation
   * @param {number} capturedAt
   */
  _send(encoded, { width, height }, orientation, capturedAt) {
    this._isBusy = false;
    if (!encoded) return;
    this._restUntil = this._now() + encoded.encodeMs;
    const upright = uprightSize({ width, height }, orientation.rotate);
    const frame = { ...encoded, captured_at: capturedAt, orientation, upright };
    if (this._onSent) this._onSent(frame);
    this._client.offer(frame);
  }

  /** @param {Error} error */
  _failed(error) {
    this._isBusy = false;
    if (this._onError) this._onError(error);
  }

  /**
   * @param {import('./index').CameraFrame} frame
   * @returns {import('./index').Orientation}
   */
  _orientation(frame) {
    const { rotate, mirror, position } = this._preview;
    return { rotate: rotate === 'auto' ? rotationFor(frame, this._preview, position) : rotate, mirror };
  }
}

module.exports = { CameraFeed };
