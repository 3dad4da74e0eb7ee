/**
 * Sends frames through a client, wherever they come from.
 *
 * A frame is encoded only if the client would send it immediately; all others are skipped. So the
 * newest frame always wins, and nothing is queued on the phone. Encoding takes at most half of the
 * time, to leave the rest of a slow phone's CPU to the page.
 */
'use strict';

const { now: clock } = require('./core/clock.js');
const { FrameEncoder } = require('./frame-encoder.js');
const { rotationFor } = require('./preview.js');

class FrameFeed {
  /**
   * @param {import('./index').FeedOptions} options
   * @param {import('./encodings').Encoder[]} own the encodings that only this source has
   */
  constructor({ client, preview, canvas, fit, onSent, onError, onAbandoned, now }, own = []) {
    this._client = client;
    this._now = now || clock;
    const options = { canvas: canvas || null, fit: fit || 'auto', now: this._now, onAbandoned };
    this._encoder = new FrameEncoder(options, own);
    this._onSent = onSent;
    this._onError = onError;
    /** @type {import('./index').Preview} */
    this._preview = { width: 0, height: 0, position: 'back', rotate: 'auto', mirror: false, ...preview };
    this._isBusy = false;
    this._restUntil = 0;
  }

  /**
   * Change what is known of the preview.
   * @param {Partial<import('./index').Preview>} preview
   */
  setPreview(preview) {
    this._preview = { ...this._preview, ...preview };
  }

  /**
   * What a frame costs with the best encoding, once each has been tried.
   * @returns {number|null} ms from the camera's frame to the end of the upload; null while unknown
   */
  cost() {
    const { model } = this._client;
    return model ? this._encoder.cost(model, this._client.stats().uplinkBytesPerS) : null;
  }

  /**
   * Take one frame. Never throws.
   * @param {import('./index').CameraFrame} frame
   */
  push(frame) {
    const isWanted = this._client.wantsFrame(); // called for every frame: it measures the rate
    const { model } = this._client;
    const capturedAt = this._now();
    if (!isWanted || !model || this._isBusy || capturedAt < this._restUntil) return;
    this._isBusy = true;
    try {
      const orientation = this._orientation(frame);
      const { uplinkBytesPerS } = this._client.stats();
      const encoded = this._encoder.encode(frame, orientation, model, uplinkBytesPerS);
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
  _send(encoded, { aspect }, orientation, capturedAt) {
    this._isBusy = false;
    if (!encoded) return;
    this._restUntil = this._now() + encoded.encodeMs;
    const frame = { ...encoded, captured_at: capturedAt, orientation, ...(aspect && { aspect }) };
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

module.exports = { FrameFeed };
