/** A video file, played in a loop without sound. */

import { VideoFrames } from './video-frames.js';
import { SourceError } from './source-error.js';

export class Video {
  /** @param {{file: Blob, onPicture: function(number)}} options */
  constructor({ file, onPicture }) {
    this.name = 'video';
    this.isStill = false;
    this._address = URL.createObjectURL(file);
    this._film = new VideoFrames(onPicture);
  }

  /** @throws {SourceError} if the browser cannot play it */
  async start() {
    try {
      await this._film.load({ address: this._address });
    } catch (error) {
      throw new SourceError('problem.video_unplayable');
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
