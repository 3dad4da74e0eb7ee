/**
 * Makes what is sent of a camera's frame: turned upright, shrunk to the model's size, as JPEG by a
 * canvas, as JPEG in JavaScript or as bare RGB, whichever is cheapest on this phone and network.
 */
'use strict';

const { CanvasJpeg } = require('./canvas-jpeg.js');
const { JpegEncoder } = require('./jpeg-encoder.js');
const { AdaptiveScale } = require('./adaptive-scale.js');
const { upright } = require('./preview.js');
const { sendSize } = require('./core/geometry.js');
const { Downscaler } = require('./downscaler.js');
const { EncoderSelector } = require('./encoder-selector.js');

const QUALITY = 70; // of JPEG, 1 to 100
const SMALLEST = 32; // pixels; a model sees nothing in less

/** @param {number} side @param {number} most */
function even(side, most) {
  const rounded = 2 * Math.round(side / 2);
  return Math.max(1, rounded <= most ? rounded : most);
}

class FrameEncoder {
  /**
   * @param {object} options
   * @param {WechatMiniprogram.Canvas|null} options.canvas of type 2d, for JPEG; null: none
   * @param {'auto'|'stretch'|'cover'} options.fit stretch: the model's own size, the fewest bytes;
   *   cover: with the frame's aspect; auto: as the model says that it does it itself
   * @param {() => number} options.now ms
   */
  constructor({ canvas, fit, now }) {
    this._fit = fit;
    this._now = now;
    this._jpeg = canvas ? new CanvasJpeg(canvas) : null;
    this._ways = new EncoderSelector(this._waysHere());
    this._ladder = new AdaptiveScale();
    /** @type {JpegEncoder|null} */
    this._js = null;
    /** @type {string|null} */
    this._plan = null;
    /** @type {Map<number, Downscaler>} by channels */
    this._shrinkers = new Map();
    this.way = /** @type {string|null} */ (null);
  }

  /**
   * @param {import('./index').CameraFrame} frame
   * @param {import('./index').View} view
   * @param {import('./index').Model} model
   * @param {number|null} uplink bytes a second, null while unknown
   * @returns {Promise<import('./index').EncodedFrame|null>|import('./index').EncodedFrame|null} a promise
   *   only where the canvas needs time; null if this way failed, so that the next frame takes another
   * @throws {Error} if no way is left that the model takes
   * @throws {RangeError} if the frame's data does not fit its size
   */
  make(frame, view, model, uplink) {
    const way = this._ways.choose(this._now(), model.formats, uplink);
    if (way === null) throw new Error('this phone can make no frame that the model takes');
    this._ladder.judge(this._now(), this._ways.bytes(way), uplink);
    const size = this._size(frame, view, model);
    this._prepare(frame, view, size);
    this.way = way;
    const startedAt = this._now();
    const small = this._shrunk(frame.data, way === 'jpeg url' || way === 'jpeg file' ? 4 : 3);
    const done = (/** @type {Uint8Array} */ data) => this._made(way, startedAt, size, data);
    const failed = () => {
      this._ways.failed(way);
      return null;
    };
    try {
      const data = this._encoded(way, small, size);
      return 'then' in data ? data.then(done).catch(failed) : done(data);
    } catch (error) {
      return failed();
    }
  }

  _waysHere() {
    const ways = [
      { name: 'jpeg js', format: 'jpeg' },
      { name: 'rgb', format: 'rgb' },
    ];
    if (this._jpeg && CanvasJpeg.hasFiles()) ways.unshift({ name: 'jpeg file', format: 'jpeg' });
    if (this._jpeg && this._jpeg.hasDataUrl()) ways.unshift({ name: 'jpeg url', format: 'jpeg' });
    return ways;
  }

  /**
   * @param {string} way
   * @param {Uint8Array} pixels
   * @param {import('./index').Size} size
   * @returns {Uint8Array|Promise<Uint8Array>}
   */
  _encoded(way, pixels, size) {
    if (way === 'rgb') return pixels;
    if (way === 'jpeg js') return this._encoder(size).encode(pixels);
    const jpeg = /** @type {CanvasJpeg} */ (this._jpeg);
    return way === 'jpeg url' ? jpeg.byDataUrl(pixels, size) : jpeg.byFile(pixels, size);
  }

  /** @param {import('./index').Size} size */
  _encoder(size) {
    if (!this._js) this._js = new JpegEncoder(size, QUALITY);
    return this._js;
  }

  /** @param {ArrayBuffer} data @param {3|4} channels */
  _shrunk(data, channels) {
    return /** @type {Downscaler} */ (this._shrinkers.get(channels)).shrink(data);
  }

  /**
   * @param {string} way
   * @param {number} startedAt
   * @param {import('./index').Size} size
   * @param {Uint8Array} data
   * @returns {import('./index').EncodedFrame}
   */
  _made(way, startedAt, size, data) {
    const ms = this._now() - startedAt;
    this._ways.made(way, this._now(), ms, data.byteLength);
    return { format: way === 'rgb' ? 'rgb' : 'jpeg', ...size, data, way, makingMs: ms };
  }

  /**
   * @param {import('./index').CameraFrame} frame
   * @param {import('./index').View} view
   * @param {import('./index').Model} model
   * @returns {import('./index').Size}
   */
  _size(frame, { rotate }, model) {
    const whole = upright(frame, rotate);
    const full = { full: false, maxPixels: Infinity };
    const covering = sendSize(whole.width, whole.height, model, full);
    const fit = this._fit === 'auto' && model.resize === 'letterbox' ? 'cover' : this._fit;
    const stretched = fit !== 'cover' && model.width && model.height;
    const wanted = stretched
      ? { width: Number(model.width), height: Number(model.height) }
      : covering;
    const scale = this._ladder.scale();
    return {
      width: even(Math.max(SMALLEST, wanted.width * scale), whole.width),
      height: even(Math.max(SMALLEST, wanted.height * scale), whole.height),
    };
  }

  /**
   * @param {import('./index').CameraFrame} frame
   * @param {import('./index').View} view
   * @param {import('./index').Size} to
   */
  _prepare({ width, height }, { rotate, mirror }, to) {
    const plan = [width, height, rotate, mirror, to.width, to.height].join();
    if (plan === this._plan) return;
    this._plan = plan;
    this._js = null;
    this._ways.restart();
    for (const channels of /** @type {(3|4)[]} */ ([3, 4])) {
      const shrinker = new Downscaler({ from: { width, height }, to, rotate, mirror, channels });
      this._shrinkers.set(channels, shrinker);
    }
  }
}

module.exports = { FrameEncoder };
