/** A video file, played in a loop without sound. */

import { Film } from './film.js';
import { SourceProblem } from './problem.js';

export class Video {
  /** @param {{file: Blob, onPicture: function(number)}} options */
  constructor({ file, onPicture }) {
    this.name = 'video';
    this.isStill = false;
    this._address = URL.createObjectURL(file);
    this._film = new Film(onPicture);
  }

  /** @throws {SourceProblem} if the browser cannot play it */
  async start() {
    try {
      await this._film.load({ address: this._address });
    } catch (error) {
      throw new SourceProblem('problem.video_unplayable');
    }
    this._film.start();
  }

  stop() {
    this._film.close();
    URL.revokeObjectURL(this._address);
  }

  pause() {
    this._film.stop();
  }

  resume() {
    this._film.start();
  }

  grab(longest) {
    return this._film.grab(longest);
  }
}
