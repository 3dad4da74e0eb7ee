/** Fills the space around a picture of another shape than the stage: the picture itself, blurred and dark. */

const SIDE = 8; // pixels to which the picture is shrunk before it is enlarged again
const SHADE = 'rgb(8 13 11 / 0.5)';

export class Backdrop {
  constructor() {
    this._canvas = document.createElement('canvas');
    this._canvas.width = this._canvas.height = SIDE;
    this._context = this._canvas.getContext('2d', { alpha: false });
    this._context.imageSmoothingQuality = 'high';
  }

  /**
   * @param {CanvasRenderingContext2D} context
   * @param {CanvasImageSource} image
   * @param {number} width of the space, in the context's units
   * @param {number} height
   */
  draw(context, image, width, height) {
    this._context.drawImage(image, 0, 0, SIDE, SIDE);
    context.imageSmoothingQuality = 'high';
    context.drawImage(this._canvas, 0, 0, width, height);
    context.fillStyle = SHADE;
    context.fillRect(0, 0, width, height);
  }
}
