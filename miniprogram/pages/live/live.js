'use strict';

const { Statistics, now } = require('../../client/lib/index.js');
const { findings, percent } = require('../../predictions.js');
const { wordsFor } = require('../../language.js');
const { Overlay } = require('../../overlay.js');
const { cameraObstacle, openAuthorizations } = require('../../permissions.js');
const settings = require('../../settings.js');
const { describe } = require('../../status.js');
const { Connection } = require('./connection.js');
const { marksOf } = require('./marks.js');
const { figureItems } = require('./panel.js');
const { LiveCamera } = require('./camera.js');

const BEAT_MS = 500;
const STALE_MS = 1500; // a box this old says nothing about a camera that moves
const SAFEST_TOP = 24;

/** @typedef {import('../../client/lib/index').Model} Model */
/** @typedef {import('../../client/lib/index').Result} Result */
/** @typedef {import('../../client/lib/index').SentFrame} SentFrame */

/** The camera, and over it what the model sees. */
Page({
  data: {
    t: wordsFor('zh'),
    status: { name: 'connecting', title: '', more: '', action: '', actionText: '' },
    cameraOn: false,
    position: /** @type {'back'|'front'} */ ('back'),
    frameSize: 'medium',
    statusBarHeight: SAFEST_TOP,
    percent: 50,
    figures: /** @type {{name: string, value: string}[]} */ ([]),
    found: '',
    model: '',
  },

  choices: settings.load(),
  // Both are made as the page loads.
  connection: /** @type {Connection} */ (/** @type {any} */ (null)),
  viewfinder: /** @type {LiveCamera} */ (/** @type {any} */ (null)),
  overlay: /** @type {Overlay|null} */ (null),
  figures: new Statistics(),
  preview: { width: 0, height: 0 },
  problem: /** @type {{name: string, message?: string}|null} */ (null),
  model: /** @type {Model|null} */ (null),
  latest: /** @type {{result: Result, frame: SentFrame}|null} */ (null),
  lastSent: /** @type {SentFrame|null} */ (null),
  shown: false,
  beat: /** @type {ReturnType<typeof setInterval>|null} */ (null),
  networkChanged: /** @type {((change: {isConnected: boolean}) => void)|null} */ (null),

  onLoad() {
    this.figures = new Statistics();
    this.connection = this.newConnection();
    this.viewfinder = this.newViewfinder();
    const { statusBarHeight } = wx.getWindowInfo ? wx.getWindowInfo() : wx.getSystemInfoSync();
    this.setData({ statusBarHeight: statusBarHeight || SAFEST_TOP });
    this.networkChanged = ({ isConnected }) => this.connection.networkIs(isConnected);
    wx.onNetworkStatusChange(this.networkChanged);
  },

  onReady() {
    this.findCanvases();
  },

  onShow() {
    this.shown = true;
    this.choices = settings.load();
    const { language, minScore, frameSize } = this.choices;
    if (frameSize !== this.data.frameSize) this.cameraIsGone(); // it is chosen as the camera is made
    this.setData({ t: wordsFor(language), percent: Math.round(100 * minScore), frameSize });
    wx.getNetworkType({ success: ({ networkType }) => this.connection.networkIs(networkType !== 'none') });
    wx.setKeepScreenOn({ keepScreenOn: true });
    this.begin();
    this.beat = setInterval(() => this.refresh(), BEAT_MS);
  },

  onHide() {
    this.rest();
  },

  onUnload() {
    this.rest();
    if (!this.networkChanged) return;
    wx.offNetworkStatusChange(/** @type {any} */ (this.networkChanged));
  },

  onResize() {
    this.findCanvases();
  },

  /** A hidden mini-program loses its socket within seconds, so it is closed first. */
  rest() {
    this.shown = false;
    if (this.beat !== null) clearInterval(this.beat);
    this.beat = null;
    wx.setKeepScreenOn({ keepScreenOn: false });
    this.viewfinder.stop();
    this.connection.close();
    this.latest = null;
    if (this.overlay) this.overlay.clear();
  },

  /** Asks for what is missing, then connects. */
  async begin() {
    this.problem = settings.gateway(this.choices) ? null : { name: 'no_server' };
    this.connection.open(this.choices);
    this.tell();
    if (this.problem) return;
    const obstacle = await cameraObstacle();
    if (!this.shown) return;
    this.problem = obstacle ? { name: obstacle } : null;
    this.setData({ cameraOn: !obstacle });
    this.startCamera();
    this.tell();
  },

  // The camera

  newViewfinder() {
    return new LiveCamera({
      onSent: (frame) => {
        this.lastSent = frame;
        this.figures.sent(now());
        this.connection.sending();
      },
      onProblem: ({ message }) => {
        this.problem = { name: 'bad_frame', message };
        this.tell();
      },
    });
  },

  findCanvases() {
    const query = wx.createSelectorQuery();
    query.select('#overlay').fields({ node: true, size: true });
    query.select('#jpeg').fields({ node: true });
    query.exec(([overlay, jpeg]) => {
      if (!overlay || !overlay.node) return;
      const { pixelRatio } = wx.getWindowInfo ? wx.getWindowInfo() : wx.getSystemInfoSync();
      this.preview = { width: overlay.width, height: overlay.height };
      this.overlay = new Overlay(overlay.node, this.preview, pixelRatio);
      this.viewfinder.fit(this.preview, jpeg ? jpeg.node : null);
      this.startCamera();
      this.draw();
    });
  },

  cameraReady() {
    this.viewfinder.ready = true;
    this.startCamera();
  },

  /**
   * The system took the camera away: for a call, another app, or the background. Whether it starts
   * again by itself differs, so the component is made anew, as soon as the page is in front.
   */
  cameraStopped() {
    if (!this.viewfinder.ready) return;
    this.cameraIsGone();
    if (this.shown) this.begin();
  },

  cameraIsGone() {
    this.viewfinder.ready = false;
    this.viewfinder.stop();
    this.setData({ cameraOn: false });
  },

  /** @param {WechatMiniprogram.CameraError} event */
  cameraFailed({ detail }) {
    const message = (detail && detail.errMsg) || '';
    const refused = /auth|deny|permission/i.test(message);
    this.problem = { name: refused ? 'camera_refused' : 'camera_failed', message };
    this.cameraIsGone();
    this.tell();
  },

  startCamera() {
    const { client } = this.connection;
    if (!this.shown || !client) return;
    const { position } = this.data;
    const { rotate, frameMirrored } = this.choices;
    const mirror = position === 'front' && frameMirrored;
    this.viewfinder.start(client, this.model, { position, rotate, mirror });
  },

  flip() {
    this.latest = null;
    this.setData({ position: this.data.position === 'back' ? 'front' : 'back' });
    this.startCamera();
    this.draw();
  },

  // What the server says

  newConnection() {
    return new Connection({
      onChange: () => this.tell(),
      onModel: (model) => this.modelIs(model),
      onResult: (result, frame) => this.answered(result, frame),
      onDropped: (reason) => this.figures.dropped(reason),
      onError: ({ code, message }) => this.figures.failed(code, message),
    });
  },

  /** @param {Model|null} model */
  modelIs(model) {
    this.model = model;
    if (model) getApp().globalData.labels = model.labels;
    this.viewfinder.use(model);
    const label = model && model.label ? ` (${model.label})` : '';
    this.setData({ model: model ? `${model.name} ${model.version}${label}` : '' });
  },

  /**
   * @param {Result} result
   * @param {SentFrame} frame
   */
  answered(result, frame) {
    const at = now();
    this.figures.answered(at, at - frame.captured_at, result.batch);
    this.latest = { result, frame };
    this.settle();
    this.draw();
  },

  /** A frame was answered, so frames can be made, and the model is there. */
  settle() {
    if (this.problem && this.problem.name === 'bad_frame') this.problem = null;
    if (this.data.status.name !== 'ready') this.tell();
  },

  // What is shown

  tell() {
    const gateway = settings.gateway(this.choices);
    const host = gateway ? gateway.socket.replace(/\/ws$/, '') : '';
    const { state: client, online, backendGone } = this.connection;
    const silence = this.connection.silence();
    const about = { client, problem: this.problem, online, backendGone, silence, host };
    const status = describe(about, this.data.t);
    if (JSON.stringify(status) !== JSON.stringify(this.data.status)) this.setData({ status });
  },

  refresh() {
    const at = now();
    this.tell();
    if (this.latest && at - this.latest.frame.captured_at > STALE_MS) {
      this.latest = null;
      this.draw();
    }
    const { client } = this.connection;
    if (!client) return;
    const { tripMs } = client.stats();
    const items = figureItems(this.figures.snapshot(at), tripMs, this.lastSent, this.data.t);
    const { t } = this.data;
    const seen = this.latest ? this.seen().map(({ name, score }) => `${name} ${percent(score)}`) : [];
    const said = seen.length > 0 ? `${t.found} ${seen.join('  ')}` : t.found_none;
    this.setData({ figures: items, found: this.latest ? said : '' });
  },

  /** @returns {import('../../predictions').Finding[]} what the newest answer says, at the slider's score */
  seen() {
    const labels = this.model ? this.model.labels : [];
    return this.latest ? findings(this.latest.result, labels, this.data.percent / 100) : [];
  },

  draw() {
    if (!this.overlay) return;
    const mirrored = this.data.position === 'front' && this.choices.previewMirrored;
    const { latest } = this;
    this.overlay.draw(latest ? marksOf(this.seen(), latest.frame, this.preview, mirrored) : []);
  },

  // What the user does

  /** @param {WechatMiniprogram.CustomEvent<{percent: number}>} event */
  scoreMoves({ detail }) {
    this.setData({ percent: detail.percent });
    this.draw();
  },

  /**
   * Boxes follow the slider at once; the server is told when it rests.
   * @param {WechatMiniprogram.CustomEvent<{percent: number}>} event
   */
  scoreRests(event) {
    const { detail } = event;
    this.scoreMoves(event);
    this.choices.minScore = detail.percent / 100;
    settings.save({ minScore: this.choices.minScore });
    this.connection.askFor(this.choices.minScore);
  },

  /** @param {WechatMiniprogram.CustomEvent<{action: string}>} event */
  act({ detail }) {
    if (detail.action === 'settings') this.openSettings();
    else if (detail.action === 'authorize') openAuthorizations().then(() => this.begin());
    else this.begin();
  },

  openPhoto() {
    wx.navigateTo({ url: '/pages/photo/photo' });
  },

  openSettings() {
    wx.navigateTo({ url: '/pages/settings/settings' });
  },
});
