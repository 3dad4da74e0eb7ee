/**
 * Encodes a camera's frame for a model: upright, downscaled to the model's input size, as JPEG from
 * a canvas, JPEG in JavaScript or plain RGB, whichever is cheapest on this phone and network.
 */
'use strict';

const { AdaptiveScale } = require('./adaptive-scale.js');
const { CanvasJpeg } = require('./canvas-jpeg.js');
const { sendSize } = require('./core/geometry.js');
const { Downscaler } = require('./downscaler.js');
const { EncoderSelector } = require('./encoder-selector.js');
const { JpegEncoder } = require('./jpeg-encoder.js');
const { uprightSize } = require('./preview.js');

const QUALITY = 70; // of JPEG, 1 to 100
const MIN_SIDE = 32; // pixels

/** @typedef {import('./index').Encoding} Encoding */

/**
 * @param {number} side
 * @param {number} max
 */
function even(side, max) {
  const rounded = 2 * Math.round(side / 2);
  return Math.max(1, rounded <= max ? rounded : max);
}

class FrameEncoder {
  /**
   * @param {object} options
   * @param {import('./index').CanvasNode|null} options.canvas a 2d canvas node for JPEG
   * @param {import('./index').Fit} options.fit stretch: the model's input size, the fewest bytes;
   *   cover: the frame's aspect ratio; auto: cover if the model letterboxes, otherwise stretch
   * @param {() => number} options.now ms
   */
  constructor({ canvas, fit, now }) {
    this._fit = fit;
    this._now = now;
    this._canvasJpeg = canvas ? new CanvasJpeg(canvas) : null;
    this._selector = new EncoderSelector(this._availableEncodings());
    this._scale = new AdaptiveScale();
    /** @type {JpegEncoder|null} */
    this._jsJpeg = null;
    /** @type {string|null} */
    this._plan = null;
    /** @type {Map<number, Downscaler>} by channels */
    this._downscalers = new Map();
    this.encoding = /** @type {Encoding|null} */ (null);
  }

  /**
   * @param {import('./index').CameraFrame} frame
   * @param {import('./index').Orientation} orientation
   * @param {import('./index').Model} model
   * @param {number|null} uplinkBytesPerS null while unknown
   * @returns {Promise<import('./index').EncodedFrame|null>|import('./index').EncodedFrame|null} a
   *   promise only if the canvas is asynchronous; null if this encoding failed, so that the next
   *   frame uses another
   * @throws {Error} if no encoding is left that the model accepts
   * @throws {RangeError} if the frame's data does not match its size
   */
  encode(frame, orientation, model, uplinkBytesPerS) {
    const encoding = this._selector.select(this._now(), model.formats, uplinkBytesPerS);
    if (encoding === null) throw new Error('this phone cannot encode frames in a format that the model accepts');
    this._scale.update(this._now(), this._selector.bytes(encoding), uplinkBytesPerS);
    const size = this._targetSize(frame, orientation, model);
    this._prepare(frame, orientation, size);
    this.encoding = encoding;
    const startedAt = this._now();
    const channels = encoding === 'jpeg-url' || encoding === 'jpeg-file' ? 4 : 3;
    const pixels = this._downscale(frame.data, channels);
    const finish = (/** @type {Uint8Array} */ data) => this._finish(encoding, startedAt, size, data);
    const fail = () => {
      this._selector.failed(encoding);
      return null;
    };
    try {
      const data = this._compress(encoding, pixels, size);
      return 'then' in data ? data.then(finish).catch(fail) : finish(data);
    } catch (error) {
      return fail();
    }
  }

  _availableEncodings() {
    /** @type {{name: Encoding, format: string}[]} */
    const encodings = [
      { name: 'jpeg-js', format: 'jpeg' },
      { name: 'rgb', format: 'rgb' },
    ];
    const canvas = this._canvasJpeg;
    if (canvas && CanvasJpeg.hasFiles()) encodings.unshift({ name: 'jpeg-file', format: 'jpeg' });
    if (canvas && canvas.hasDataUrl()) encodings.unshift({ name: 'jpeg-url', format: 'jpeg' });
    return encodings;
  }

  /**
   * @param {Encoding} encoding
   * @param {Uint8Array} pixels
   * @param {import('./index').Size} size
   * @returns {Uint8Array|Promise<Uint8Array>}
   */
  _compress(encoding, pixels, size) {
    if (encoding === 'rgb') return pixels;
    if (encoding === 'jpeg-js') return this._jpegEncoder(size).encode(pixels);
    const canvas = /** @type {CanvasJpeg} */ (this._canvasJpeg);
    return encoding === 'jpeg-url' ? canvas.byDataUrl(pixels, size) : canvas.byFile(pixels, size);
  }

  /** @param {import('./index').Size} size */
  _jpegEncoder(size) {
    if (!this._jsJpeg) this._jsJpeg = new JpegEncoder(size, QUALITY);
    return this._jsJpeg;
  }

  /**
   * @param {ArrayBuffer} data
   * @param {3|4} channels
   */
  _downscale(data, channels) {
    return /** @type {Downscaler} */ (this._downscalers.get(channels)).downscale(data);
  }

  /**
   * @param {Encoding} encoding
   * @param {number} startedAt
   * @param {import('./index').Size} size
   * @param {Uint8Array} data
   * @returns {import('./index').EncodedFrame}
   */
  _finish(encoding, startedAt, size, data) {
    const encodeMs = this._now() - startedAt;
    this._selector.succeeded(encoding, this._now(), encodeMs, data.byteLength);
    return { format: encoding === 'rgb' ? 'rgb' : 'jpeg', ...size, data, encoding, encodeMs };
  }

  /**
   * @param {import('./index').CameraFrame} frame
   * @param {import('./index').Orientation} orientation
   * @param {import('./index').Model} model
   * @returns {import('./index').Size}
   */
  _targetSize(frame, { rotate }, model) {
    const upright = uprightSize(frame, rotate);
    const covering = sendSize(upright.width, upright.height, model, { full: false, maxPixels: Infinity });
    const fit = this._fit === 'auto' && model.resize === 'letterbox' ? 'cover' : this._fit;
    const size =
      fit !== 'cover' && model.width && model.height
        ? { width: model.width, height: model.height }
        : covering;
    const scale = this._scale.scale();
    return {
      width: even(Math.max(MIN_SIDE, size.width * scale), upright.width),
      height: even(Math.max(MIN_SIDE, size.height * scale), upright.height),
    };
  }

  /**
   * @param {import('./index').CameraFrame} frame
   * @param {import('./index').Orientation} orientation
   * @param {import('./index').Size} to
   */
  _prepare({ width, height }, { rotate, mirror }, to) {
    const plan = [width, height, rotate, mirror, to.width, to.height].join();
    if (plan === this._plan) return;
    this._plan = plan;
    this._jsJpeg = null;
    this._selector.restart();
    for (const channels of /** @type {(3|4)[]} */ ([3, 4])) {
      const downscaler = new Downscaler({ from: { width, height }, to, rotate, mirror, channels });
      this._downscalers.set(channels, downscaler);
    }
  }
}

module.exports = { FrameEncoder };
