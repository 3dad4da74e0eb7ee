/**
 * The live page's camera: VisionKit or the camera component, whichever makes frames faster on this
 * phone. Its frames go to the client as soon as the preview, the canvases and a client are ready, in
 * whatever order.
 */
'use strict';

const { CameraFeed, VisionFeed } = require('../../client/lib/index.js');
const config = require('../../config.js');
const { refusalOfAllowed } = require('../../permissions.js');
const { sourceSelector } = require('../../sources.js');
const { savePhoto, takePhoto } = require('./shutter.js');

const WORKER = 'workers/encoder.js';

/** @typedef {import('../../client/lib/index').MiniProgramClient} MiniProgramClient */
/** @typedef {import('../../client/lib/index').SentFrame} SentFrame */
/** @typedef {import('../../client/lib/index').Source} Source */
/** @typedef {import('../../client/lib/index').VisionError} VisionError */
/** @typedef {Pick<import('../../settings').Settings, 'rotate'|'frameMirrored'>} Mounting */

/**
 * @typedef {object} Listeners
 * @property {(frame: SentFrame) => void} onSent
 * @property {(error: Error) => void} onError a frame could not be encoded
 * @property {() => void} onSource another source is to be used: call `choose` and `start` again
 * @property {(problem: {name: string, message: string}) => void} onLost the camera cannot be used
 */

class LiveCamera {
  /** @param {Listeners} listeners */
  constructor(listeners) {
    this._listeners = listeners;
    /** whether the camera component has started and is still running */
    this.ready = false;
    this._sources = sourceSelector();
    /** @type {Source[]} */
    this._available = ['camera'];
    /** @type {Source} */
    this._source = 'camera';
    /** @type {Set<Source>} since the page was opened */
    this._measured = new Set();
    this._isRunning = false;
    /** @type {import('../../client/lib/index').Size|null} */
    this._size = null;
    this._pixelRatio = 1;
    /** @type {WechatMiniprogram.Canvas|null} */
    this._canvas = null;
    /** @type {MiniProgramClient|null} */
    this._client = null;
    /** @type {CameraFeed|VisionFeed|null} */
    this._feed = null;
  }

  /**
   * @param {import('../../client/lib/index').Size} size of the preview, in CSS pixels
   * @param {number} pixelRatio physical pixels per CSS pixel
   * @param {WechatMiniprogram.Canvas|null} canvas for encoding frames
   */
  setPreview(size, pixelRatio, canvas) {
    this._size = size;
    this._pixelRatio = pixelRatio;
    this._canvas = canvas;
  }

  /**
   * Choose the source of frames, before the page shows the preview that belongs to it.
   * @param {'back'|'front'} position VisionKit is used for the back camera only
   * @returns {Source}
   */
  choose(position) {
    const hasVision = config.visionKit && position === 'back' && VisionFeed.isSupported();
    this._available = hasVision ? ['vision', 'camera'] : ['camera'];
    const source = this._sources.select(this._available);
    if (source !== this._source) this._drop();
    this._source = source;
    return source;
  }

  /**
   * Send frames to a client, if there are any yet.
   * @param {MiniProgramClient} client
   * @param {'back'|'front'} position
   * @param {Mounting} mounting how the camera is oriented
   */
  start(client, position, { rotate, frameMirrored }) {
    if (!this._size || (this._source === 'camera' && !this.ready)) return;
    if (!this._feed || this._client !== client) this._feed = this._newFeed(client);
    this._isRunning = true;
    const mirror = position === 'front' && frameMirrored;
    this._feed.setPreview({ ...this._size, position, rotate, mirror });
    if (this._feed instanceof CameraFeed) this._feed.start(wx.createCameraContext());
    else this._startVision(this._feed);
  }

  stop() {
    this._isRunning = false;
    if (this._feed) this._feed.stop();
  }

  /** @returns {Promise<string|null>} the path of a photo; null if the phone took none */
  async takePhoto() {
    if (!(this._feed instanceof VisionFeed)) return takePhoto();
    const photo = await this._feed.photo();
    return photo && savePhoto(photo);
  }

  _drop() {
    this.stop();
    this._feed = null;
    this.ready = false;
  }

  /**
   * @param {MiniProgramClient} client
   * @returns {CameraFeed|VisionFeed}
   */
  _newFeed(client) {
    this.stop();
    this._client = client;
    const { onError } = this._listeners;
    const options = { client, canvas: this._canvas, onError, onSent: this._sent.bind(this) };
    if (this._source === 'camera') return new CameraFeed({ ...options, worker: WORKER });
    return new VisionFeed({
      ...options,
      hasJpeg: this._sources.hasJpeg,
      onAbandoned: (encoding) => encoding === 'jpeg-native' && this._sources.jpegFailed(),
      onUnusable: (error) => this._visionFailed(error),
    });
  }

  /** @param {VisionFeed} feed */
  _startVision(feed) {
    feed.stop();
    const query = wx.createSelectorQuery();
    query.select('#vision').fields({ node: true });
    query.exec(([found]) => {
      if (!this._isRunning || feed !== this._feed) return; // stopped meanwhile
      if (found && found.node) feed.start(this._sized(found.node));
      else this._giveUpVision(false);
    });
  }

  /** @param {WechatMiniprogram.Canvas} canvas */
  _sized(canvas) {
    const { width, height } = /** @type {import('../../client/lib/index').Size} */ (this._size);
    canvas.width = Math.round(width * this._pixelRatio);
    canvas.height = Math.round(height * this._pixelRatio);
    return canvas;
  }

  /** @param {SentFrame} frame */
  _sent(frame) {
    this._listeners.onSent(frame);
    if (!this._feed || this._measured.has(this._source)) return;
    const ms = this._feed.cost();
    if (ms === null) return;
    this._measured.add(this._source);
    this._sources.measured(this._source, ms);
    if (this._sources.select(this._available) !== this._source) this._listeners.onSource();
  }

  /** @param {VisionError} error */
  _visionFailed({ message, isRefusal, isPassing }) {
    if (isRefusal) this._listeners.onLost({ name: refusalOfAllowed(), message });
    else this._giveUpVision(!isPassing);
  }

  /** @param {boolean} isForGood false if it may work the next time */
  _giveUpVision(isForGood) {
    this._sources.failed('vision', isForGood);
    this._listeners.onSource();
  }
}

/** @param {string} message of the camera component */
function cameraProblem(message) {
  const isRefused = /auth|deny|permission/i.test(message);
  return { name: isRefused ? refusalOfAllowed() : 'camera_failed', message };
}

module.exports = { LiveCamera, cameraProblem };
