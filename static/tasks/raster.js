/** A small picture that covers its frame, such as masks or a heat map, stretched over it. */

export class Raster {
  /** @param {function(): import('./types.js').HiddenCanvas} createCanvas */
  constructor(createCanvas) {
    this._canvas = createCanvas();
    /** @type {{width: number, height: number}|null} */
    this._source = null;
  }

  /**
   * @template {{width: number, height: number}} T
   * @param {import('./types.js').Pen} context in CSS pixels
   * @param {import('../client/types.js').Rect} rect the frame's rectangle in it
   * @param {T} source what the picture shows; redrawn, it is painted but once
   * @param {function(T): Uint8ClampedArray} paint its pixels
   * @param {{opacity: number, isSmooth: boolean}} options
   */
  draw(context, rect, source, paint, { opacity, isSmooth }) {
    if (source.width < 1 || source.height < 1) return;
    if (source !== this._source) this._paint(source, paint(source));
    context.save();
    context.globalAlpha = opacity;
    context.imageSmoothingEnabled = isSmooth;
    context.drawImage(this._canvas, rect.x, rect.y, rect.width, rect.height);
    context.restore();
  }

  /**
   * @param {{width: number, height: number}} source
   * @param {Uint8ClampedArray} pixels
   */
  _paint(source, pixels) {
    this._source = source;
    this._canvas.width = source.width;
    this._canvas.height = source.height;
    const context = this._canvas.getContext('2d');
    const image = context.createImageData(source.width, source.height);
    image.data.set(pixels);
    context.putImageData(image, 0, 0);
  }
}
