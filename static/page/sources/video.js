/** A video file, played in a loop without sound. */

import { VideoFrames } from './video-frames.js';
import { SourceError } from './source-error.js';

export class Video {
  /** @param {{file: Blob, onPicture: function(number)}} options */
  constructor({ file, onPicture }) {
    this.name = 'video';
    this.isStill = false;
    this._address = URL.createObjectURL(file);
    this._frames = new VideoFrames(onPicture);
  }

  /** @throws {SourceError} if the browser cannot play the file */
  async start() {
    try {
      await this._frames.load({ address: this._address });
    } catch (error) {
      throw new SourceError('problem.video_unplayable');
    }
    this._frames.start();
  }

  stop() {
    this._frames.close();
    URL.revokeObjectURL(this._address);
  }

  pause() {
    this._frames.stop();
  }

  resume() {
    this._frames.start();
  }

  grab(longest) {
    return this._frames.grab(longest);
  }

  preview() {
    return this._frames.preview();
  }
}
