/**
 * Encodes images as JPEG, in a Worker if the browser can draw there, otherwise on the page.
 *
 * The bitmap is transferred to the Worker and back without a copy, so that boxes can be drawn on the
 * very image that was sent.
 */

export const FORMAT = 'jpeg';
const TYPE = 'image/jpeg';
const QUALITY = 0.7;

/** Scale a bitmap and encode it as JPEG; `canvas` is any kind of canvas. */
export async function toJpeg(canvas, bitmap, width, height) {
  canvas.width = width;
  canvas.height = height;
  const context = canvas.getContext('2d', { alpha: false });
  context.imageSmoothingQuality = 'medium';
  context.drawImage(bitmap, 0, 0, width, height);
  const blob = canvas.convertToBlob
    ? await canvas.convertToBlob({ type: TYPE, quality: QUALITY })
    : await new Promise((resolve) => canvas.toBlob(resolve, TYPE, QUALITY));
  if (!blob) throw new Error(`cannot encode an image of ${width} x ${height}`);
  return new Uint8Array(await blob.arrayBuffer());
}

/** Encodes on the page itself, for browsers whose Workers cannot draw. */
export class PageEncoder {
  constructor() {
    this._canvas = document.createElement('canvas');
  }

  /** @returns {Promise<{data: Uint8Array, bitmap: ImageBitmap}>} */
  async encode(bitmap, width, height) {
    return { data: await toJpeg(this._canvas, bitmap, width, height), bitmap };
  }
}

/** The Worker failed while it had an image; later ones are encoded on the page. */
export class WorkerLost extends Error {}

/** Encodes in a Worker, and on the page once that has failed. */
export class WorkerEncoder {
  constructor() {
    this._pending = new Map();
    this._nextId = 1;
    this._fallback = null;
    this._worker = new Worker(new URL('./jpeg-worker.js', import.meta.url), { type: 'module' });
    this._worker.onmessage = ({ data }) => this._done(data);
    this._worker.onerror = () => this._replaceWorker();
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

  _replaceWorker() {
    this._worker.terminate();
    this._fallback = new PageEncoder();
    for (const { reject } of this._pending.values()) reject(new WorkerLost());
    this._pending.clear();
  }
}

/** The best encoder that this browser supports. A page of another host cannot start the Worker. */
export function makeEncoder() {
  const canDrawInWorkers =
    typeof Worker === 'function' &&
    typeof OffscreenCanvas === 'function' &&
    'convertToBlob' in OffscreenCanvas.prototype;
  try {
    return canDrawInWorkers ? new WorkerEncoder() : new PageEncoder();
  } catch (error) {
    return new PageEncoder();
  }
}
