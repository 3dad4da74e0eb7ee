/** The device's camera, in about the size and frame rate worth sending. */

import { VideoFrames } from './video-frames.js';
import { SourceError } from './source-error.js';

const CONSTRAINTS = { width: { ideal: 640 }, height: { ideal: 480 }, frameRate: { ideal: 30 } };

const PROBLEMS = {
  NotAllowedError: 'problem.camera_refused',
  SecurityError: 'problem.camera_refused',
  NotFoundError: 'problem.camera_missing',
  OverconstrainedError: 'problem.camera_missing',
  NotReadableError: 'problem.camera_busy',
  AbortError: 'problem.camera_busy',
};

export class Camera {
  /**
   * @param {object} options
   * @param {string|null} options.deviceId null: the one that is facing this way
   * @param {'environment'|'user'} [options.facing]
   * @param {Node} [options.parent] of the invisible video element
   * @param {function(number)} options.onPicture (capturedAt in ms)
   * @param {function(SourceError)} options.onProblem the camera has ended
   */
  constructor({ deviceId, facing = 'environment', parent = undefined, onPicture, onProblem }) {
    this.name = 'camera';
    this.isStill = false;
    this._deviceId = deviceId;
    this._onProblem = onProblem;
    this._facing = facing;
    this._frames = new VideoFrames(onPicture, parent);
    this._stream = null;
  }

  /**
   * Request the camera.
   * @throws {SourceError}
   */
  async start() {
    if (!navigator.mediaDevices || !window.isSecureContext) {
      throw new SourceError('problem.camera_insecure');
    }
    try {
      this._stream = await navigator.mediaDevices.getUserMedia({ audio: false, video: this._constraints() });
      await this._frames.load({ stream: this._stream });
    } catch (error) {
      throw new SourceError(PROBLEMS[error.name] || 'problem.camera_busy');
    }
    for (const track of this._stream.getTracks()) {
      track.onended = () => this._onProblem(new SourceError('problem.camera_lost'));
    }
    this._frames.start();
  }

  stop() {
    this._frames.close();
    if (!this._stream) return;
    for (const track of this._stream.getTracks()) {
      track.onended = null;
      track.stop();
    }
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

  /** @returns {Promise<{id: string, label: string}[]>} this device's cameras; needs permission */
  async choices() {
    const devices = await navigator.mediaDevices.enumerateDevices();
    return devices
      .filter(({ kind, deviceId }) => kind === 'videoinput' && deviceId)
      .map(({ deviceId, label }) => ({ id: deviceId, label }));
  }

  /** @returns {string} the id of the camera in use */
  current() {
    return this._stream.getVideoTracks()[0].getSettings().deviceId;
  }

  _constraints() {
    if (this._deviceId) return { ...CONSTRAINTS, deviceId: { exact: this._deviceId } };
    return { ...CONSTRAINTS, facingMode: { ideal: this._facing } };
  }
}
