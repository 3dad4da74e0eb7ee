/** An image file. It is sent whenever `resend` is called: at first, and when its result may differ. */

import { snapshot } from './video-frames.js';
import { SourceError } from './source-error.js';

export class Picture {
  /**
   * @param {object} options
   * @param {Blob} options.file
   * @param {function(number)} options.onPicture
   * @param {string} options.problem the message's key if the browser cannot read the file
   */
  constructor({ file, onPicture, problem }) {
    this.name = 'picture';
    this.isStill = true;
    this._file = file;
    this._onPicture = onPicture;
    this._problem = problem;
    this._bitmap = null;
  }

  /** @throws {SourceError} if the browser cannot read the image */
  async start() {
    try {
      this._bitmap = await createImageBitmap(this._file);
    } catch (error) {
      throw new SourceError(this._problem);
    }
  }

  resend() {
    if (this._bitmap) this._onPicture(performance.now());
  }

  stop() {
    if (this._bitmap) this._bitmap.close();
    this._bitmap = null;
  }

  pause() {}

  resume() {
    this.resend();
  }

  grab(longest) {
    return snapshot(this._bitmap, this._bitmap.width, this._bitmap.height, longest);
  }
}
