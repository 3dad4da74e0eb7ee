/**
 * One frame of VisionKit, which scales and crops it natively: the part of the camera's picture that
 * the preview shows, in any size, as JPEG or as RGBA.
 */
'use strict';

const ROUND_TO = 16; // what VisionKit demands of RGBA's width
const JPEG_START = [0xff, 0xd8];

/** @typedef {import('./index').Size} Size */

/** VisionKit returned no picture, as it does on some iPhones. */
class EmptyFrameError extends Error {}

/**
 * The centre of a picture in another aspect ratio, as large as possible.
 * @param {Size} picture
 * @param {number} aspect width / height
 * @returns {Size}
 */
function cropped({ width, height }, aspect) {
  return { width: Math.min(width, height * aspect), height: Math.min(height, width / aspect) };
}

/**
 * The camera's picture, upright. VisionKit reports its size as the sensor has it on some phones.
 * @param {Size|null|undefined} camera `VKSession.cameraSize`
 * @param {Size} preview
 * @returns {Size} the preview's size if the camera's is not known
 */
function pictureSize(camera, preview) {
  if (!camera || !(camera.width > 0) || !(camera.height > 0)) return preview;
  const isTurned = camera.width > camera.height !== preview.width > preview.height;
  return isTurned ? { width: camera.height, height: camera.width } : { width: camera.width, height: camera.height };
}

class VisionFrame {
  /**
   * @param {import('./index').NativeFrame} native
   * @param {Size} size of the result, upright
   * @param {number} aspect width / height of the camera's own picture, upright
   */
  constructor(native, { width, height }, aspect) {
    this._native = native;
    this.width = width;
    this.height = height;
    this.aspect = aspect;
  }

  /**
   * A session's frame, in the size of what the preview shows.
   * @param {import('./index').NativeFrame} native
   * @param {Size|null|undefined} camera `VKSession.cameraSize`
   * @param {Size} preview in physical pixels
   */
  static of(native, camera, preview) {
    const picture = pictureSize(camera, preview);
    const shown = cropped(picture, preview.width / preview.height);
    return new VisionFrame(native, shown, picture.width / picture.height);
  }

  /**
   * The same frame, in about another size: the width is rounded, and the aspect ratio stays.
   * @param {Size} size
   */
  scaled({ width }) {
    const rounded = Math.max(ROUND_TO, ROUND_TO * Math.round(width / ROUND_TO));
    const size = { width: rounded, height: Math.round((rounded * this.height) / this.width) };
    return new VisionFrame(this._native, size, this.aspect);
  }

  /**
   * @returns {ArrayBuffer} RGBA, row by row
   * @throws {EmptyFrameError}
   */
  get data() {
    const data = this._native.getCameraBuffer(this.width, this.height);
    if (data && data.byteLength === 4 * this.width * this.height) return data;
    throw new EmptyFrameError('VisionKit returned no pixels');
  }

  /**
   * @param {number} quality 1 to 100
   * @returns {Uint8Array} a copy: VisionKit reuses its buffer for the next frame
   * @throws {EmptyFrameError}
   */
  jpeg(quality) {
    const data = this._native.getCameraJpgBuffer(this.width, this.height, quality);
    const bytes = data ? new Uint8Array(data.slice(0)) : new Uint8Array(0);
    if (JPEG_START.every((byte, i) => bytes[i] === byte)) return bytes;
    throw new EmptyFrameError('VisionKit returned no JPEG');
  }
}

module.exports = { VisionFrame, EmptyFrameError };
