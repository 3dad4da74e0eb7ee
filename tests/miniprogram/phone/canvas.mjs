/** A 2d canvas with the methods that the mini-program uses; it records what is drawn. */

import jpeg from 'jpeg-js';

const QUALITY = 70;
const TICK_MS = 16;

export class Canvas {
  /**
   * @param {{width: number, height: number}} size
   * @param {boolean} givesUrls
   */
  constructor(size, givesUrls) {
    this.width = size.width;
    this.height = size.height;
    this.strokes = [];
    this.texts = [];
    this._pixels = null;
    this._size = size;
    this._pen = this._makePen();
    if (givesUrls) this.toDataURL = () => `data:image/jpeg;base64,${this.jpeg().toString('base64')}`;
  }

  getContext() {
    return this._pen;
  }

  requestAnimationFrame(act) {
    return Number(setTimeout(act, TICK_MS));
  }

  cancelAnimationFrame(tick) {
    clearTimeout(tick);
  }

  createImage() {
    const image = {};
    Object.defineProperty(image, 'src', {
      set: (path) => {
        const read = this.readPicture(path);
        if (!read) return setTimeout(() => image.onerror(new Error('no picture')), 0);
        Object.assign(image, read);
        return setTimeout(() => image.onload(), 0);
      },
    });
    return image;
  }

  /** The pixels last put or drawn, as JPEG. */
  jpeg() {
    return jpeg.encode({ data: this._pixels.data, width: this.width, height: this.height }, QUALITY).data;
  }

  _makePen() {
    const pen = {
      createImageData: (width, height) => ({ width, height, data: new Uint8ClampedArray(4 * width * height) }),
      putImageData: (pixels) => (this._pixels = pixels),
      drawImage: (image) => (this._pixels = image),
      clearRect: () => {
        this.strokes = [];
        this.texts = [];
      },
      globalAlpha: 1,
      strokeRect: (x, y, width, height) => {
        this.strokes.push({ x, y, width, height, colour: pen.strokeStyle, opacity: pen.globalAlpha });
      },
      fillRect: () => {},
      fillText: (text, x, y) => this.texts.push({ text, x, y }),
      measureText: (text) => ({ width: 7 * text.length }),
      scale: () => {},
    };
    return pen;
  }
}
