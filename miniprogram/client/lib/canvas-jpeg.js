/**
 * Encodes pixels as JPEG with a canvas, in either of the two ways that mini-programs have.
 *
 * `toDataURL` blocks and returns base64. `canvasToTempFilePath` writes a file, which is then read
 * and deleted. Which of them exists and works differs between phones.
 */
'use strict';

const { decodeBase64 } = require('./base64.js');

const TYPE = 'image/jpeg';
const QUALITY = 0.7;
const TIMEOUT_MS = 2000; // a phone that was hidden meanwhile may never call back
const PREFIX = `data:${TYPE};base64,`;

class CanvasJpeg {
  /** @param {import('./index').CanvasNode} canvas a 2d canvas node, resized as needed */
  constructor(canvas) {
    this._canvas = canvas;
    this._context = canvas.getContext('2d');
    /** @type {any} an ImageData, which has no type without lib.dom */
    this._pixels = null;
  }

  /** @returns {boolean} whether this canvas has `toDataURL` */
  hasDataUrl() {
    return typeof this._canvas.toDataURL === 'function';
  }

  /** @returns {boolean} whether this phone can write a canvas to a file */
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
    if (url.slice(0, PREFIX.length) !== PREFIX) throw new Error('the canvas did not return a JPEG');
    return decodeBase64(url, PREFIX.length);
  }

  /**
   * @param {Uint8Array} rgba
   * @param {import('./index').Size} size
   * @returns {Promise<Uint8Array>}
   */
  byFile(rgba, size) {
    return new Promise((resolve, reject) => {
      const timer = setTimeout(() => reject(new Error('the canvas timed out')), TIMEOUT_MS);
      const stopTimer = () => clearTimeout(timer);
      const written = this._byFile(rgba, size);
      written.then(resolve, reject);
      written.then(stopTimer, stopTimer);
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
    try {
      return new Uint8Array(await readFile(filePath));
    } finally {
      wx.getFileSystemManager().unlink({ filePath, fail: () => {} });
    }
  }

  /**
   * @param {import('./index').Size} size
   * @returns {Promise<string>} the file's path
   */
  _write({ width, height }) {
    return new Promise((resolve, reject) => {
      wx.canvasToTempFilePath({
        canvas: /** @type {WechatMiniprogram.Canvas} */ (this._canvas),
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
      this._pixels = this._context.createImageData(width, height);
    }
    this._pixels.data.set(rgba);
    this._context.putImageData(this._pixels, 0, 0);
  }
}

/**
 * @param {string} filePath
 * @returns {Promise<ArrayBuffer>}
 */
function readFile(filePath) {
  return new Promise((resolve, reject) => {
    wx.getFileSystemManager().readFile({
      filePath,
      success: ({ data }) => resolve(/** @type {ArrayBuffer} */ (data)),
      fail: ({ errMsg }) => reject(new Error(errMsg)),
    });
  });
}

module.exports = { CanvasJpeg };
