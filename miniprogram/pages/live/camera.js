/**
 * The live page's camera. Its frames go to the client as soon as the component, the canvases and a
 * client are ready, in whatever order.
 */
'use strict';

const { CameraFeed } = require('../../client/lib/index.js');

/** @typedef {import('../../client/lib/index').MiniProgramClient} MiniProgramClient */
/** @typedef {Pick<import('../../client/lib/index').Preview, 'position'|'rotate'|'mirror'>} Mounting */

class LiveCamera {
  /** @param {Pick<import('../../client/lib/index').FeedOptions, 'onSent'|'onError'>} listeners */
  constructor(listeners) {
    this._listeners = listeners;
    /** whether the component has started and is still running */
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
   * @param {WechatMiniprogram.Canvas|null} canvas for encoding frames
   */
  setPreview(size, canvas) {
    this._size = size;
    this._canvas = canvas;
  }

  /**
   * Send frames to a client, if there are any yet.
   * @param {MiniProgramClient} client
   * @param {import('../../client/lib/index').Model|null} model
   * @param {Mounting} mounting how the camera is oriented
   */
  start(client, model, mounting) {
    if (!this.ready || !this._size) return;
    if (!this._feed || this._client !== client) this._feed = this._newFeed(client);
    this._feed.setModel(model);
    this._feed.setPreview({ ...this._size, ...mounting });
    this._feed.start(wx.createCameraContext());
  }

  stop() {
    if (this._feed) this._feed.stop();
  }

  /** @param {import('../../client/lib/index').Model|null} model */
  setModel(model) {
    if (this._feed) this._feed.setModel(model);
  }

  /** @param {MiniProgramClient} client */
  _newFeed(client) {
    this.stop();
    this._client = client;
    return new CameraFeed({ client, canvas: this._canvas, ...this._listeners });
  }
}

module.exports = { LiveCamera };
