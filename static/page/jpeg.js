/**
 * Pictures to JPEG, in a Worker where the browser can draw there, else on the page.
 *
 * The bitmap travels to the Worker and back without a copy, so that the very picture that was sent
 * is at hand to draw its boxes on.
 */

export const FORMAT = 'jpeg';
const TYPE = 'image/jpeg';
const QUALITY = 0.7;

/** Draws a bitmap in a size and gives its JPEG; `canvas` is any kind of canvas. */
export async function toJpeg(canvas, bitmap, width, height) {
  canvas.width = width;
  canvas.height = height;
  const pen = canvas.getContext('2d', { alpha: false });
  pen.imageSmoothingQuality = 'medium';
  pen.drawImage(bitmap, 0, 0, width, height);
  const blob = canvas.convertToBlob
    ? await canvas.convertToBlob({ type: TYPE, quality: QUALITY })
    : await new Promise((resolve) => canvas.toBlob(resolve, TYPE, QUALITY));
  if (!blob) throw new Error(`a picture of ${width} x ${height} could not be encoded`);
  return new Uint8Array(await blob.arrayBuffer());
}

/** Encodes on the page itself, where Workers cannot draw. */
export class PageEncoder {
  constructor() {
    this._canvas = document.createElement('canvas');
  }

  /** @returns {Promise<{data: Uint8Array, bitmap: ImageBitmap}>} */
  async encode(bitmap, width, height) {
    return { data: await toJpeg(this._canvas, bitmap, width, height), bitmap };
  }
}

/** A picture was lost with the Worker that had it; the next ones are encoded on the page. */
export class WorkerLost extends Error {}

/** Encodes in a Worker; what it cannot do there, it does on the page from then on. */
export class WorkerEncoder {
  constructor() {
    this._pending = new Map();
    this._nextId = 1;
    this._fallback = null;
    this._worker = new Worker(new URL('./jpeg-worker.js', import.meta.url), { type: 'module' });
    this._worker.onmessage = ({ data }) => this._done(data);
    this._worker.onerror = () => this._giveUp();
  }

  /** @returns {Promise<{data: Uint8Array, bitmap: ImageBitmap}>} */
  async encode(bitmap, width, height) {
    if (this._fallback) return this._fallback.encode(bitmap, width, height);
    const id = this._nextId;
    this._nextId += 1;
    return new Promise((resolve, reject) => {
      this._pending.set(id, { resolve, reject });
      this._worker.postMessage({ id, bitmap, width, height }, [bitmap]);
    });
  }

  _done({ id, data, bitmap, error }) {
    const { resolve, reject } = this._pending.get(id);
    this._pending.delete(id);
    if (error) reject(new Error(error));
    else resolve({ data, bitmap });
  }

  _giveUp() {
    this._worker.terminate();
    this._fallback = new PageEncoder();
    for (const { reject } of this._pending.values()) reject(new WorkerLost());
    this._pending.clear();
  }
}

/** The best encoder that this browser has. */
export function makeEncoder() {
  const canDrawInWorkers =
    typeof Worker === 'function' &&
    typeof OffscreenCanvas === 'function' &&
    'convertToBlob' in OffscreenCanvas.prototype;
  return canDrawInWorkers ? new WorkerEncoder() : new PageEncoder();
}
