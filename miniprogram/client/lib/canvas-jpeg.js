/**
 * Pixels to JPEG by a canvas, in the two ways that mini-programs have.
 *
 * `toDataURL` blocks and gives base64; `canvasToTempFilePath` writes a file, which is read and
 * removed again. Which of them exists and works differs from phone to phone.
 */
'use strict';

const { decodeBase64 } = require('./base64.js');

const TYPE = 'image/jpeg';
const QUALITY = 0.7;
const ANSWER_MS = 2000; // a phone that was hidden meanwhile may never say how it ended
const HEAD = `data:${TYPE};base64,`;

class CanvasJpeg {
  /** @param {WechatMiniprogram.Canvas} canvas of type 2d, on the page or off it; it is resized */
  constructor(canvas) {
    this._canvas = canvas;
    this._pen = canvas.getContext('2d');
    /** @type {any} ImageData, which has no type without a DOM */
    this._pixels = null;
  }

  /** @returns {boolean} whether this canvas says that it has `toDataURL` */
  hasDataUrl() {
    return typeof this._canvas.toDataURL === 'function';
  }

  /** @returns {boolean} */
  static hasFiles() {
    return typeof wx.canvasToTempFilePath === 'function' && typeof wx.getFileSystemManager === 'function';
  }

  /**
   * @param {Uint8Array} rgba
   * @param {import('./index').Size} size
   * @returns {Uint8Array}
   */
  byDataUrl(rgba, size) {
    this._put(rgba, size);
    const url = this._canvas.toDataURL(TYPE, QUALITY);
    if (url.slice(0, HEAD.length) !== HEAD) throw new Error('this canvas makes no JPEG');
    return decodeBase64(url, HEAD.length);
  }

  /**
   * @param {Uint8Array} rgba
   * @param {import('./index').Size} size
   * @returns {Promise<Uint8Array>}
   */
  byFile(rgba, size) {
    return new Promise((resolve, reject) => {
      const late = setTimeout(() => reject(new Error('the canvas does not answer')), ANSWER_MS);
      const ended = () => clearTimeout(late);
      const made = this._byFile(rgba, size);
      made.then(resolve, reject);
      made.then(ended, ended);
    });
  }

  /**
   * @param {Uint8Array} rgba
   * @param {import('./index').Size} size
   * @returns {Promise<Uint8Array>}
   */
  async _byFile(rgba, size) {
    this._put(rgba, size);
    const filePath = await this._write(size);
    const files = wx.getFileSystemManager();
    const data = await new Promise((resolve, reject) => {
      files.readFile({
        filePath,
        success: (/** @type {{data: string | ArrayBuffer}} */ read) => resolve(read.data),
        fail: ({ errMsg }) => reject(new Error(errMsg)),
      });
    });
    files.unlink({ filePath, fail: () => {} });
    return new Uint8Array(/** @type {ArrayBuffer} */ (data));
  }

  /**
   * @param {import('./index').Size} size
   * @returns {Promise<string>} the file's path
   */
  _write({ width, height }) {
    return new Promise((resolve, reject) => {
      wx.canvasToTempFilePath({
        canvas: this._canvas,
        fileType: 'jpg',
        quality: QUALITY,
        width,
        height,
        destWidth: width,
        destHeight: height,
        success: ({ tempFilePath }) => resolve(tempFilePath),
        fail: ({ errMsg }) => reject(new Error(errMsg)),
      });
    });
  }

  /**
   * @param {Uint8Array} rgba
   * @param {import('./index').Size} size
   */
  _put(rgba, { width, height }) {
    if (!this._pixels || this._canvas.width !== width || this._canvas.height !== height) {
      this._canvas.width = width;
      this._canvas.height = height;
      this._pixels = this._pen.createImageData(width, height);
    }
    this._pixels.data.set(rgba);
    this._pen.putImageData(this._pixels, 0, 0);
  }
}

module.exports = { CanvasJpeg };
