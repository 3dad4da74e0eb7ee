/** A small picture that covers its frame, such as masks or a heat map, stretched over it. */

export class Raster {
  constructor() {
    this._canvas = document.createElement('canvas');
    this._source = null;
  }

  /**
   * @param {CanvasRenderingContext2D} context in CSS pixels
   * @param {object} rect the frame's rectangle in it
   * @param {{width: number, height: number}} source what the picture shows; redrawn, it is painted
   *   but once
   * @param {function(object): Uint8ClampedArray} paint its pixels
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

  _paint(source, pixels) {
    this._source = source;
    this._canvas.width = source.width;
    this._canvas.height = source.height;
    const image = new ImageData(pixels, source.width, source.height);
    this._canvas.getContext('2d').putImageData(image, 0, 0);
  }
}
