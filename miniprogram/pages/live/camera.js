/**
 * The live page's camera: its frames go to the client once the component, the canvases and a
 * client are there, in whatever order they come.
 */
'use strict';

const { CameraFeed } = require('../../client/lib/index.js');

/** @typedef {import('../../client/lib/index').MiniProgramClient} MiniProgramClient */
/** @typedef {Pick<import('../../client/lib/index').Preview, 'position'|'rotate'|'mirror'>} Stance */

class LiveCamera {
  /** @param {Pick<import('../../client/lib/index').FeedOptions, 'onSent'|'onProblem'>} listeners */
  constructor(listeners) {
    this._listeners = listeners;
    /** whether the component has begun, and was not taken away since */
    this.ready = false;
    /** @type {import('../../client/lib/index').Size|null} */
    this._size = null;
    /** @type {WechatMiniprogram.Canvas|null} */
    this._canvas = null;
    /** @type {MiniProgramClient|null} */
    this._client = null;
    /** @type {CameraFeed|null} */
    this._feed = null;
  }

  /**
   * @param {import('../../client/lib/index').Size} size of the preview, in CSS pixels
   * @param {WechatMiniprogram.Canvas|null} canvas for making frames
   */
  fit(size, canvas) {
    this._size = size;
    this._canvas = canvas;
  }

  /**
   * Lets frames go to a client, if there are any yet.
   * @param {MiniProgramClient} client
   * @param {import('../../client/lib/index').Model|null} model
   * @param {Stance} stance how the camera stands
   */
  start(client, model, stance) {
    if (!this.ready || !this._size) return;
    if (!this._feed || this._client !== client) this._feed = this._newFeed(client);
    this._feed.use(model);
    this._feed.show({ ...this._size, ...stance });
    this._feed.start(wx.createCameraContext());
  }

  stop() {
    if (this._feed) this._feed.stop();
  }

  /** @param {import('../../client/lib/index').Model|null} model */
  use(model) {
    if (this._feed) this._feed.use(model);
  }

  /** @param {MiniProgramClient} client */
  _newFeed(client) {
    this.stop();
    this._client = client;
    return new CameraFeed({ client, canvas: this._canvas, ...this._listeners });
  }
}

module.exports = { LiveCamera };
