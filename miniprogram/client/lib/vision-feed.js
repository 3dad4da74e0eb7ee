/**
 * Sends VisionKit's frames through a client: as JPEG that the phone makes natively, or from pixels
 * that it has scaled.
 */
'use strict';

const { FrameFeed } = require('./frame-feed.js');
const { QUALITY } = require('./encodings.js');
const { VisionError, VisionSession } = require('./vision-session.js');

/** JPEG made by VisionKit. */
const NATIVE = {
  name: /** @type {const} */ ('jpeg-native'),
  format: /** @type {const} */ ('jpeg'),
  keepsShape: true,
  /** @param {import('./index').CameraFrame} frame */
  encode(frame) {
    if (!frame.jpeg) throw new Error('this frame has no JPEG of its own');
    return frame.jpeg(QUALITY);
  },
};

class VisionFeed extends FrameFeed {
  /** @param {import('./index').VisionFeedOptions} options */
  constructor({ onUnusable, hasJpeg = true, ...options }) {
    super(options, hasJpeg ? [NATIVE] : []);
    this._onUnusable = onUnusable;
    /** @type {VisionSession|null} */
    this._session = null;
  }

  /** @returns {boolean} whether this phone has VisionKit */
  static isSupported() {
    return VisionSession.isSupported();
  }

  /**
   * Start the camera. Never throws.
   * @param {import('./index').WebGlCanvas} canvas for the preview, in physical pixels
   */
  start(canvas) {
    this.stop();
    this._session = new VisionSession({
      canvas,
      now: this._now,
      onFrame: (frame) => this.push(frame),
      onError: (error) => this._unusable(error),
    });
    this._session.start();
  }

  /**
   * Take what the preview shows, in the camera's resolution.
   * @returns {Promise<Uint8Array|null>} JPEG; null if this phone gives none
   */
  photo() {
    return this._session ? this._session.photo() : Promise.resolve(null);
  }

  /** Release the camera. */
  stop() {
    if (this._session) this._session.stop();
    this._session = null;
  }

  /**
   * VisionKit's frames are upright; only the user may know better.
   * @param {import('./index').CameraFrame} _frame
   * @returns {import('./index').Orientation}
   */
  _orientation(_frame) {
    const { rotate, mirror } = this._preview;
    return { rotate: rotate === 'auto' ? 0 : rotate, mirror };
  }

  /** @param {Error} error */
  _failed(error) {
    const { model } = this._client;
    if (model && this._encoder.hasFailed(model)) this._unusable(new VisionError(error.message));
    else super._failed(error);
  }

  /** @param {VisionError} error */
  _unusable(error) {
    this._isBusy = false;
    this.stop();
    this._onUnusable(error);
  }
}

module.exports = { VisionFeed };
