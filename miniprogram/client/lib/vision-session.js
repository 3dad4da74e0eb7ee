/**
 * A VisionKit session used as a camera. While it runs it owns the camera, so the page must not have a
 * camera component then; the session draws the preview on a WebGL canvas instead.
 */
'use strict';

const { VisionFrame } = require('./vision-frame.js');
const { VisionPreview } = require('./vision-preview.js');

const VERSION = 'v1'; // the version that most phones have
const TRACK = { plane: { mode: /** @type {const} */ (1) } }; // looking for vertical planes empties JPEGs on some iPhones
const FRAME_MS = 30; // VisionKit delivers 30 frames a second
const SILENCE_MS = 8000; // before the first frame, the user may be asked for permission
const PHOTO_QUALITY = 90; // 1 to 100
const REFUSALS = [104, 2003001, 2003002]; // by the user, for WeChat, for this mini-program
const PASSING = [2000000, 2003000]; // a system error; the session is not available

/** A session could not be started. */
class VisionError extends Error {
  /**
   * @param {string} message
   * @param {number|null} status WeChat's; null if there is none
   * @param {boolean} isPassing whether VisionKit may work the next time
   */
  constructor(message, status = null, isPassing = status !== null && PASSING.includes(status)) {
    super(message);
    this.status = status;
    /** whether the camera is not allowed, rather than VisionKit not being able to use it */
    this.isRefusal = status !== null && REFUSALS.includes(status);
    this.isPassing = isPassing;
  }
}

class VisionSession {
  /**
   * @param {object} options
   * @param {import('./index').WebGlCanvas} options.canvas in physical pixels
   * @param {(frame: VisionFrame) => void} options.onFrame called within WeChat's animation frame
   * @param {(error: VisionError) => void} options.onError the session does not run
   * @param {() => number} options.now ms
   */
  constructor({ canvas, onFrame, onError, now }) {
    this._canvas = canvas;
    this._onFrame = onFrame;
    this._onError = onError;
    this._now = now;
    /** @type {WechatMiniprogram.VKSession|null} */
    this._session = null;
    /** @type {VisionPreview|null} */
    this._preview = null;
    this._tick = 0;
    /** @type {ReturnType<typeof setTimeout>|null} */
    this._silence = null;
    this._isHeard = false; // whether a frame has come since `_watch` looked last
    this._shownAt = -Infinity;
    /** @type {((photo: Uint8Array|null) => void)|null} */
    this._onPhoto = null;
  }

  /** @returns {boolean} whether this phone has VisionKit */
  static isSupported() {
    const hasApi = typeof wx.createVKSession === 'function' && typeof wx.isVKSupport === 'function';
    return hasApi && wx.isVKSupport(VERSION);
  }

  /** Start the camera. Never throws. */
  start() {
    this.stop();
    try {
      const gl = this._canvas.getContext('webgl');
      const preview = new VisionPreview(gl);
      this._preview = preview;
      const session = wx.createVKSession({ track: TRACK, version: VERSION, gl });
      this._session = session;
      this._watch(false);
      session.start((status) => this._started(session, preview, status));
    } catch (error) {
      this._failed(new VisionError(/** @type {Error} */ (error).message));
    }
  }

  /**
   * Take the next frame in full size.
   * @returns {Promise<Uint8Array|null>} JPEG; null if there is none
   */
  photo() {
    this._settlePhoto(null); // an earlier request
    if (!this._session) return Promise.resolve(null);
    return new Promise((resolve) => {
      this._onPhoto = resolve;
    });
  }

  /** Release the camera. */
  stop() {
    if (this._silence !== null) clearTimeout(this._silence);
    this._silence = null;
    this._settlePhoto(null);
    const session = this._session;
    this._session = null;
    if (session && this._tick) session.cancelAnimationFrame(this._tick);
    this._tick = 0;
    if (this._preview) this._preview.release();
    this._preview = null;
    if (session) release(session);
  }

  /**
   * @param {WechatMiniprogram.VKSession} session
   * @param {VisionPreview} preview
   * @param {number|null} status
   */
  _started(session, preview, status) {
    if (session !== this._session) release(session); // stopped too early to have an effect
    else if (status) this._failed(new VisionError(`VisionKit cannot start: ${status}`, status));
    else this._next(session, preview);
  }

  /**
   * @param {WechatMiniprogram.VKSession} session
   * @param {VisionPreview} preview
   */
  _next(session, preview) {
    this._tick = session.requestAnimationFrame(() => {
      if (session !== this._session) return;
      this._next(session, preview);
      try {
        this._show(session, preview);
      } catch (error) {
        this._failed(new VisionError(/** @type {Error} */ (error).message));
      }
    });
  }

  /**
   * @param {WechatMiniprogram.VKSession} session
   * @param {VisionPreview} preview
   */
  _show(session, preview) {
    if (this._now() - this._shownAt < FRAME_MS) return;
    const size = { width: this._canvas.width, height: this._canvas.height };
    const frame = session.getVKFrame(size.width, size.height);
    if (!frame) return; // the camera is not ready
    this._shownAt = this._now();
    if (!preview.draw(frame, size)) return; // nor is a frame without a picture
    this._isHeard = true;
    const shown = VisionFrame.of(frame, session.cameraSize, size);
    if (this._onPhoto) this._settlePhoto(fullJpeg(shown));
    this._onFrame(shown);
  }

  /**
   * Notice that frames do not come. A session that had some is started anew: a call may have taken its camera.
   * @param {boolean} hasRun
   */
  _watch(hasRun) {
    this._isHeard = false;
    this._silence = setTimeout(() => {
      if (this._isHeard) this._watch(true);
      else if (hasRun) this.start();
      else this._failed(new VisionError('VisionKit delivers no frames', null, true));
    }, SILENCE_MS);
  }

  /** @param {Uint8Array|null} photo */
  _settlePhoto(photo) {
    if (this._onPhoto) this._onPhoto(photo);
    this._onPhoto = null;
  }

  /** @param {VisionError} error */
  _failed(error) {
    this.stop();
    this._onError(error);
  }
}

/** @param {VisionFrame} frame */
function fullJpeg(frame) {
  try {
    return frame.scaled(frame).jpeg(PHOTO_QUALITY);
  } catch (error) {
    return null; // empty, as on some iPhones
  }
}

/** @param {WechatMiniprogram.VKSession} session */
function release(session) {
  try {
    session.stop();
    session.destroy();
  } catch (error) {
    // It did not run.
  }
}

module.exports = { VisionSession, VisionError };
