/** Sends the frames of the camera component through a client. */
'use strict';

const { EncoderWorker } = require('./encoder-worker.js');
const { FrameFeed } = require('./frame-feed.js');

const FIRST_FRAME_MS = 3000; // a listener with a Worker that is silent for longer does without
const MAX_KILLS = 3;

/** @typedef {import('./index').CameraContext} CameraContext */

class CameraFeed extends FrameFeed {
  /** @param {import('./index').CameraFeedOptions} options */
  constructor({ worker, ...options }) {
    const encoder = worker && EncoderWorker.isSupported() ? new EncoderWorker(worker, () => this._killed()) : null;
    super(options, encoder ? encoder.encoders() : []);
    this._worker = encoder;
    this._kills = 0;
    /** @type {CameraContext|null} */
    this._camera = null;
    /** @type {import('./index').CameraFrameListener|null} */
    this._listener = null;
    /** @type {ReturnType<typeof setTimeout>|null} */
    this._silence = null;
  }

  /**
   * Start listening to the camera. Call this after the component's `bindinitdone`.
   * @param {CameraContext} camera from `wx.createCameraContext`
   */
  start(camera) {
    this.stop();
    this._camera = camera;
    if (this._worker) this._worker.start();
    const worker = this._worker && this._worker.worker;
    if (worker) this._silence = setTimeout(() => this._withoutWorker(), FIRST_FRAME_MS);
    this._listener = camera.onCameraFrame((frame) => {
      this._heard();
      this.push(frame);
    });
    this._listener.start({ ...(worker && { worker }), fail: ({ errMsg }) => this._failed(new Error(errMsg)) });
  }

  /** Stop listening. */
  stop() {
    this._heard();
    if (this._listener) this._listener.stop({ fail: () => {} });
    this._listener = null;
    if (this._worker) this._worker.stop();
  }

  _heard() {
    if (this._silence !== null) clearTimeout(this._silence);
    this._silence = null;
  }

  /** The system has ended the Worker, which the listener needs. */
  _killed() {
    this._kills += 1;
    if (this._kills >= MAX_KILLS) this._withoutWorker();
    else if (this._camera) this.start(this._camera);
  }

  _withoutWorker() {
    this.stop();
    this._worker = null;
    if (this._camera) this.start(this._camera);
  }
}

module.exports = { CameraFeed };
