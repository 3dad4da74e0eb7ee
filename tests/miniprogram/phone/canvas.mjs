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
    this.strokes = []; // of boxes
    this.texts = [];
    this.shapes = []; // filled paths, strokes of lines, bars and images, as they are on the canvas
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
    const path = [];
    const states = [];
    let [x0, direction] = [0, 1]; // a mirrored canvas has the direction -1
    const put = (shape, colour) => this.shapes.push({ ...shape, colour, opacity: pen.globalAlpha });
    const span = (x, width) => ({ x: direction > 0 ? x0 + x : x0 - x - width, width });
    const pen = {
      createImageData: (width, height) => ({ width, height, data: new Uint8ClampedArray(4 * width * height) }),
      putImageData: (pixels) => (this._pixels = pixels),
      drawImage: (image, x = 0, y = 0, width = image.width, height = image.height) => {
        this._pixels = image;
        put({ kind: 'image', ...span(x, width), y, height, mirrored: direction < 0, pixels: pixelsOf(image) });
      },
      clearRect: () => {
        this.strokes = [];
        this.texts = [];
        this.shapes = [];
      },
      save: () => states.push({ x0, direction, opacity: pen.globalAlpha }),
      restore: () => {
        const state = states.pop();
        [x0, direction, pen.globalAlpha] = [state.x0, state.direction, state.opacity];
      },
      translate: (x) => (x0 += direction * x),
      beginPath: () => path.splice(0),
      rect: (x, y, width, height) => path.push({ ...span(x, width), y, height }),
      moveTo: (x, y) => path.push({ ...span(x, 0), y }),
      lineTo: (x, y) => path.push({ ...span(x, 0), y }),
      arc: (x, y) => path.push({ ...span(x, 0), y }),
      clip: () => {},
      fill: () => put({ kind: 'fill', path: [...path] }, pen.fillStyle),
      stroke: () => {
        const [first] = path;
        const [colour, opacity] = [pen.strokeStyle, pen.globalAlpha];
        if (path.length === 1 && first.width > 0) this.strokes.push({ ...first, colour, opacity });
        else put({ kind: 'stroke', path: [...path] }, colour);
      },
      globalAlpha: 1,
      fillRect: (x, y, width, height) => put({ kind: 'bar', ...span(x, width), y, height }, pen.fillStyle),
      fillText: (text, x, y) => this.texts.push({ text, x, y }),
      measureText: (text) => ({ width: 7 * text.length }),
      scale: (x) => {
        if (x < 0) direction = -direction;
      },
    };
    return pen;
  }
}

/** The pixels of a small canvas that is drawn on another one. */
function pixelsOf({ _pixels: pixels }) {
  return pixels && pixels.data.length <= 4096 ? [...pixels.data] : null;
}
