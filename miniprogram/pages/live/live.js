'use strict';

const { Overlay: Boxes, Statistics, now } = require('../../client/lib/index.js');
const { messagesFor } = require('../../language.js');
const { drawResult } = require('../../marks.js');
const { newOverlay } = require('../../moving-overlay.js');
const { ViewOptions } = require('../../view-options.js');
const permissions = require('../../permissions.js');
const { readOutputs } = require('../../predictions.js');
const settings = require('../../settings.js');
const { describe } = require('../../status.js');
const { findCanvases } = require('./canvases.js');
const { LiveCamera, cameraProblem } = require('./camera.js');
const { Connection } = require('./connection.js');
const { Leaving } = require('./leaving.js');
const { Models } = require('./models.js');
const { statisticItems, summaryOf } = require('./panel.js');
const { PHOTO_PAGE, takenPhotoPage } = require('./shutter.js');

const REFRESH_MS = 500;
const STALE_MS = 1500; // a box this old is no longer where the camera sees the object
const DEFAULT_STATUS_BAR = 24; // pixels

/** @typedef {import('../../client/lib/index').Model} Model */
/** @typedef {import('../../client/lib/index').Result} Result */
/** @typedef {import('../../client/lib/index').SentFrame} SentFrame */

/** The camera, with the results drawn over it. */
Page({
  data: {
    t: messagesFor('zh'),
    status: { name: 'connecting', icon: '', title: '', more: '', action: '', actionText: '' },
    cameraOn: false,
    source: /** @type {import('../../client/lib/index').Source} */ ('camera'),
    position: /** @type {'back'|'front'} */ ('back'),
    frameSize: 'medium',
    statusBarHeight: DEFAULT_STATUS_BAR,
    options: new ViewOptions(settings.load()).shown(),
    statistics: /** @type {{name: string, value: string}[]} */ ([]),
    summary: '',
    outputs: /** @type {import('../../predictions').Output[]} */ ([]),
    model: '',
    models: /** @type {{names: string[], index: number}} */ ({ names: [], index: -1 }),
  },

  chosen: settings.load(),
  // Both are created in onLoad.
  connection: /** @type {Connection} */ (/** @type {any} */ (null)),
  camera: /** @type {LiveCamera} */ (/** @type {any} */ (null)),
  overlay: /** @type {import('../../overlay').Overlay|null} */ (null),
  boxes: new Boxes(),
  view: new ViewOptions(settings.load()),
  models: new Models(() => {}),
  leaving: new Leaving(() => false),
  statistics: new Statistics(),
  preview: { width: 0, height: 0 },
  problem: /** @type {{name: string, message?: string}|null} */ (null),
  model: /** @type {Model|null} */ (null),
  latest: /** @type {{result: Result, frame: SentFrame}|null} */ (null),
  lastSent: /** @type {SentFrame|null} */ (null),
  isShown: false,
  timer: /** @type {ReturnType<typeof setInterval>|null} */ (null),
  onNetwork: /** @type {(change: {networkType: string}) => void} */ (() => {}),

  onLoad() {
    this.statistics = new Statistics();
    this.connection = this.newConnection();
    this.camera = this.newCamera();
    this.leaving = new Leaving(() => this.isShown);
    this.models = new Models(() => this.setData({ models: this.models.shown(this.data.t) }));
    const { statusBarHeight } = wx.getWindowInfo ? wx.getWindowInfo() : wx.getSystemInfoSync();
    this.setData({ statusBarHeight: statusBarHeight || DEFAULT_STATUS_BAR });
    this.onNetwork = ({ networkType }) => this.connection.setNetwork(networkType);
    wx.onNetworkStatusChange(this.onNetwork);
  },

  onReady() {
    this.findCanvases();
  },

  onShow() {
    this.isShown = true;
    this.leaving.shown();
    this.chosen = settings.load();
    const { language, frameSize } = this.chosen;
    this.view = new ViewOptions(this.chosen);
    this.view.use(this.model);
    this.boxes = new Boxes();
    if (frameSize !== this.data.frameSize) this.removeCamera(); // phones read it once
    this.setData({ t: messagesFor(language), options: this.view.shown(), frameSize });
    wx.setKeepScreenOn({ keepScreenOn: true });
    this.begin();
    wx.getNetworkType({ success: this.onNetwork });
    this.animate();
    this.timer = this.timer || setInterval(() => this.refresh(), REFRESH_MS);
  },

  onHide() {
    this.end();
  },

  onUnload() {
    this.end();
    wx.offNetworkStatusChange(/** @type {any} */ (this.onNetwork));
  },

  onResize() {
    this.findCanvases();
  },

  /** Ask for the permissions that are missing, then connect. */
  async begin() {
    if (!this.isShown) return;
    this.problem = settings.gateway(this.chosen) ? null : { name: 'no_server' };
    this.connection.open(this.chosen);
    this.updateStatus();
    if (this.problem) return;
    const missing = await permissions.missingPermission();
    if (!this.isShown) return;
    this.problem = missing ? { name: missing } : null;
    this.setData({ cameraOn: !missing, source: this.camera.choose(this.data.position) });
    this.startCamera();
    this.updateStatus();
  },

  /** Close the connection: WeChat would cut it within seconds of hiding the page. */
  end() {
    this.isShown = false;
    if (this.timer !== null) clearInterval(this.timer);
    this.timer = null;
    wx.setKeepScreenOn({ keepScreenOn: false });
    this.camera.stop();
    this.connection.close();
    this.forget();
    this.animate();
  },

  // The camera

  newCamera() {
    return new LiveCamera({
      onSent: (frame) => {
        this.lastSent = frame;
        this.statistics.sent(now());
        this.connection.frameSent();
      },
      onError: ({ message }) => {
        this.problem = { name: 'bad_frame', message };
        this.updateStatus();
      },
      onSource: () => this.begin(),
      onLost: (problem) => this.cameraLost(problem),
    });
  },

  findCanvases() {
    findCanvases(({ overlay, jpeg, size, pixelRatio }) => {
      this.preview = size;
      if (this.overlay) this.overlay.rest();
      this.overlay = newOverlay(overlay, size, pixelRatio, this.selectComponent('#boxes'));
      this.camera.setPreview(size, pixelRatio, jpeg);
      this.startCamera();
      this.draw();
      this.animate();
    });
  },

  cameraReady() {
    this.camera.ready = true;
    this.startCamera();
  },

  /**
   * The system stopped the camera, for a call, another app or the background. Phones differ in
   * whether it restarts, so the component is recreated once the page is in front.
   */
  cameraStopped() {
    if (!this.camera.ready) return;
    this.removeCamera();
    if (this.isShown) this.begin();
  },

  removeCamera() {
    this.camera.ready = false;
    this.camera.stop();
    this.setData({ cameraOn: false });
  },

  /** @param {WechatMiniprogram.CameraError} event */
  cameraFailed({ detail }) {
    this.cameraLost(cameraProblem((detail && detail.errMsg) || ''));
  },

  /** @param {{name: string, message: string}} problem */
  cameraLost(problem) {
    this.problem = problem;
    this.removeCamera();
    this.updateStatus();
  },

  startCamera() {
    const { client } = this.connection;
    if (!client || !this.isShown || !this.data.cameraOn) return;
    this.camera.start(client, this.data.position, this.chosen);
  },

  flip() {
    const position = this.data.position === 'back' ? 'front' : 'back';
    this.setData({ position, source: this.camera.choose(position) });
    this.startCamera();
    this.forget();
  },

  // The connection

  newConnection() {
    return new Connection({
      onChange: () => this.updateStatus(),
      onModel: (model) => this.modelChanged(model),
      onResult: (result, frame) => this.resultReceived(result, frame),
      onDropped: (reason) => this.statistics.dropped(reason),
      onError: ({ code, message }) => this.statistics.failed(code, message),
    });
  },

  /** @param {Model|null} model */
  modelChanged(model) {
    this.model = model;
    this.view.use(model);
    if (model) {
      getApp().globalData.model = model;
      this.connection.setMinScore(this.view.minScore, model);
      this.models.refresh(settings.gateway(this.chosen), model);
    }
    const label = model && model.label ? ` (${model.label})` : '';
    const name = model ? `${model.name} ${model.version}${label}` : '';
    this.setData({ model: name, options: this.view.shown() });
  },

  panelTouched() {
    this.models.lookAgain();
  },

  /**
   * @param {Result} result
   * @param {SentFrame} frame
   */
  resultReceived(result, frame) {
    const at = now();
    this.statistics.answered(at, at - frame.captured_at, result.batch);
    this.latest = { result, frame };
    this.boxes.live = this.chosen.boxes === 'live' && Boolean(result.ids); // not without tracking
    this.boxes.update(result, at);
    if (this.problem && this.problem.name === 'bad_frame') this.problem = null;
    if (this.data.status.name !== 'ready') this.updateStatus();
    this.draw();
  },

  // The display

  updateStatus() {
    const gateway = settings.gateway(this.chosen);
    const host = gateway ? gateway.socket.replace(/\/ws$/, '') : '';
    const conditions = { ...this.connection.conditions(), problem: this.problem, host };
    const status = describe(conditions, this.data.t);
    if (JSON.stringify(status) !== JSON.stringify(this.data.status)) this.setData({ status });
  },

  refresh() {
    const at = now();
    this.updateStatus();
    if (this.latest && at - this.latest.frame.captured_at > STALE_MS) this.forget();
    const { client } = this.connection;
    if (!client) return;
    const { tripMs } = client.stats();
    const snapshot = this.statistics.snapshot(at);
    this.setData({
      statistics: statisticItems(snapshot, tripMs, this.lastSent, this.data.t),
      summary: summaryOf(this.latest, this.model, this.view, this.data.t),
      outputs: this.latest ? readOutputs(this.latest.result) : [],
    });
  },

  /** The latest result is stale, or another camera's. */
  forget() {
    this.latest = null;
    this.boxes.clear();
    this.draw();
  },

  /** Boxes that keep up are drawn at every display tick, others when a result comes. */
  animate() {
    if (!this.overlay) return;
    if (this.isShown && this.chosen.boxes === 'live') this.overlay.animate(() => this.draw());
    else this.overlay.rest();
  },

  draw() {
    if (!this.overlay) return;
    const isMirrored = this.data.position === 'front' && this.chosen.previewMirrored;
    const { latest, boxes, model, view } = this;
    if (!latest) return this.overlay.draw(() => []);
    drawResult(this.overlay, { latest, boxes, model, view }, this.preview, isMirrored);
  },

  // User actions

  /**
   * The picture follows a slider immediately; the server and the page's data, once it is released.
   * @param {WechatMiniprogram.CustomEvent<import('../../view-options').Change>} event
   */
  optionChanges({ detail }) {
    this.view.change(detail);
    if (detail.isResting !== false) this.setData({ options: this.view.shown() });
    this.draw();
    if (detail.isResting) this.connection.setMinScore(this.view.minScore, this.model);
  },

  /** @param {WechatMiniprogram.CustomEvent<{value: string|number}>} event */
  modelPicked({ detail }) {
    const { name, label } = this.models.choose(Number(detail.value));
    settings.save({ model: name, label: label || '' });
    this.chosen = settings.load();
    this.connection.switchModel(this.chosen);
    this.forget();
  },

  /** @param {WechatMiniprogram.CustomEvent<{action: string}>} event */
  act({ detail }) {
    if (detail.action === 'settings') this.openSettings();
    else if (detail.action === 'authorize') permissions.openAuthorizationSettings().then(() => this.begin());
    else if (detail.action === 'system') permissions.openSystemSettings();
    else this.begin();
  },

  takePhoto() {
    this.leaving.to(() => takenPhotoPage(this.camera));
  },

  openPhoto() {
    this.leaving.to(() => PHOTO_PAGE);
  },

  openSettings() {
    this.leaving.to(() => '/pages/settings/settings');
  },
});
