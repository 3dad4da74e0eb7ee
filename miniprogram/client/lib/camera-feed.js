/** Sends the frames of the camera component through a client. */
'use strict';

const { FrameFeed } = require('./frame-feed.js');

class CameraFeed extends FrameFeed {
  /** @param {import('./index').FeedOptions} options */
  constructor(options) {
    super(options);
    /** @type {import('./index').CameraFrameListener|null} */
    this._listener = null;
  }

  /**
   * Start listening to the camera. Call this after the component's `bindinitdone`.
   * @param {import('./index').CameraContext} camera from `wx.createCameraContext`
   */
  start(camera) {
    this.stop();
    this._listener = camera.onCameraFrame((frame) => this.push(frame));
    this._listener.start({ fail: ({ errMsg }) => this._failed(new Error(errMsg)) });
  }

  /** Stop listening. */
  stop() {
    if (this._listener) this._listener.stop({ fail: () => {} });
    this._listener = null;
  }
}

module.exports = { CameraFeed };
