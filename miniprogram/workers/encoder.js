/**
 * Encodes camera frames in a Worker. On iOS, WeChat compiles JavaScript only here, and the camera's
 * frames come here without passing through the page.
 */
'use strict';

const { Downscaler } = require('./lib/downscaler.js');
const { JpegEncoder } = require('./lib/jpeg-encoder.js');

/** @typedef {import('../client/lib/encoder-worker').Request} Request */

let plan = '';
/** @type {Downscaler|null} */
let downscaler = null;
/** @type {JpegEncoder|null} */
let jpeg = null;

/**
 * @param {Request} request
 * @returns {Uint8Array} overwritten by the next call
 */
function encode({ from, to, rotate, mirror, format, quality }) {
  const wanted = JSON.stringify([from, to, rotate, mirror, quality]);
  if (wanted !== plan || !downscaler || !jpeg) {
    downscaler = new Downscaler({ from, to, rotate, mirror, channels: 3 });
    jpeg = new JpegEncoder(to, quality);
    plan = wanted;
  }
  const rgb = downscaler.downscale(worker.getCameraFrameData());
  return format === 'jpeg' ? jpeg.encode(rgb) : rgb;
}

worker.onMessage((event) => {
  const request = /** @type {Request} */ (event.message || event); // some versions wrap messages
  try {
    const { buffer, byteOffset, byteLength } = encode(request);
    worker.postMessage({ id: request.id, data: buffer.slice(byteOffset, byteOffset + byteLength) });
  } catch (error) {
    worker.postMessage({ id: request.id, error: /** @type {Error} */ (error).message });
  }
});
