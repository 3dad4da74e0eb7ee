'use strict';

const { CameraFeed, Figures, MiniProgramClient, now } = require('../../client/lib/index.js');
const { findings, percent } = require('../../answer.js');
const { wordsFor } = require('../../language.js');
const { Overlay } = require('../../overlay.js');
const { cameraObstacle, openAuthorizations } = require('../../permissions.js');
const settings = require('../../settings.js');
const { describe } = require('../../status.js');
const { marksOf } = require('./marks.js');
const { figureItems } = require('./panel.js');

const BEAT_MS = 500;
const STALE_MS = 1500; // a box this old says nothing about a camera that moves
const SAFEST_TOP = 24;

/** @typedef {import('../../client/lib/index').MiniProgramState} State */
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
  client: /** @type {MiniProgramClient|null} */ (null),
  clientFor: '',
  feed: /** @type {CameraFeed|null} */ (null),
  overlay: /** @type {Overlay|null} */ (null),
  figures: new Figures(),
  preview: { width: 0, height: 0 },
  jpegCanvas: /** @type {WechatMiniprogram.Canvas|null} */ (null),
  state: /** @type {State} */ ({ name: 'connecting' }),
  problem: /** @type {{name: string, message?: string}|null} */ (null),
  model: /** @type {Model|null} */ (null),
  latest: /** @type {{result: Result, frame: SentFrame}|null} */ (null),
  lastSent: /** @type {SentFrame|null} */ (null),
  online: true,
  backendGone: false,
  cameraIsReady: false,
  shown: false,
  beat: /** @type {ReturnType<typeof setInterval>|null} */ (null),
  networkChanged: /** @type {((change: {isConnected: boolean}) => void)|null} */ (null),

  onLoad() {
    this.figures = new Figures();
    const { statusBarHeight } = wx.getWindowInfo ? wx.getWindowInfo() : wx.getSystemInfoSync();
    this.setData({ statusBarHeight: statusBarHeight || SAFEST_TOP });
    this.networkChanged = ({ isConnected }) => this.networkIs(isConnected);
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
    wx.getNetworkType({ success: ({ networkType }) => this.networkIs(networkType !== 'none') });
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
    if (this.feed) this.feed.stop();
    if (this.client) this.client.close();
    this.latest = null;
    if (this.overlay) this.overlay.clear();
  },

  /** Asks for what is missing, then connects. */
  async begin() {
    this.problem = settings.gateway(this.choices) ? null : { name: 'no_server' };
    this.connect();
    this.tell();
    if (this.problem) return;
    const obstacle = await cameraObstacle();
    if (!this.shown) return;
    this.problem = obstacle ? { name: obstacle } : null;
    this.setData({ cameraOn: !obstacle });
    this.startFeed();
    this.tell();
  },

  connect() {
    const gateway = settings.gateway(this.choices);
    const { minScore, ...asked } = this.choices;
    const wanted = gateway ? [gateway.socket, asked.model, asked.label].join(' ') : '';
    if (this.client && this.clientFor !== wanted) {
      this.client.close();
      this.client = null;
      this.modelIs(null);
    }
    if (!gateway) return;
    if (!this.client) this.client = this.newClient(gateway);
    this.clientFor = wanted;
    this.client.configure({ min_score: minScore });
    this.client.open();
  },

  /** @param {import('../../client/lib/index').Addresses} gateway */
  newClient(gateway) {
    const client = new MiniProgramClient({
      url: gateway.socket,
      signInUrl: gateway.login,
      hello: settings.wishes(this.choices),
      onState: (state) => this.stateIs(state),
      onModel: (model) => this.modelIs(model),
      onResult: (result, frame) => this.answered(result, frame),
      onDropped: ({ reason }) => this.figures.dropped(reason),
      onError: (error) => this.failed(error),
    });
    if (this.feed) this.feed.stop();
    this.feed = null;
    return client;
  },

  // The camera

  findCanvases() {
    const query = wx.createSelectorQuery();
    query.select('#overlay').fields({ node: true, size: true });
    query.select('#jpeg').fields({ node: true });
    query.exec(([overlay, jpeg]) => {
      if (!overlay || !overlay.node) return;
      const { pixelRatio } = wx.getWindowInfo ? wx.getWindowInfo() : wx.getSystemInfoSync();
      this.preview = { width: overlay.width, height: overlay.height };
      this.overlay = new Overlay(overlay.node, this.preview, pixelRatio);
      this.jpegCanvas = jpeg ? jpeg.node : null;
      this.startFeed();
      this.draw();
    });
  },

  cameraReady() {
    this.cameraIsReady = true;
    this.startFeed();
  },

  /**
   * The system took the camera away: for a call, another app, or the background. Whether it starts
   * again by itself differs, so the component is made anew, as soon as the page is in front.
   */
  cameraStopped() {
    if (!this.cameraIsReady) return;
    this.cameraIsGone();
    if (this.shown) this.begin();
  },

  cameraIsGone() {
    this.cameraIsReady = false;
    if (this.feed) this.feed.stop();
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

  /** Runs once the camera, the canvases and a client are there, in whatever order they come. */
  startFeed() {
    if (!this.shown || !this.cameraIsReady || !this.client || !this.overlay) return;
    if (!this.feed) this.feed = this.newFeed(this.client);
    this.feed.use(this.model);
    this.showPreview();
    this.feed.start(wx.createCameraContext());
  },

  /** @param {MiniProgramClient} client */
  newFeed(client) {
    return new CameraFeed({
      client,
      canvas: this.jpegCanvas,
      onSent: (frame) => {
        this.lastSent = frame;
        this.figures.sent(now());
      },
      onProblem: (error) => {
        this.problem = { name: 'bad_frame', message: error.message };
        this.tell();
      },
    });
  },

  showPreview() {
    const { position } = this.data;
    const { rotate, frameMirrored } = this.choices;
    const mirror = position === 'front' && frameMirrored;
    if (this.feed) this.feed.show({ ...this.preview, position, rotate, mirror });
  },

  flip() {
    this.latest = null;
    this.setData({ position: this.data.position === 'back' ? 'front' : 'back' });
    this.startFeed();
    this.draw();
  },

  // What the client tells

  /** @param {State} state */
  stateIs(state) {
    this.state = state;
    this.backendGone = false;
    this.tell();
  },

  /** @param {Model|null} model */
  modelIs(model) {
    this.model = model;
    if (model) getApp().globalData.labels = model.labels;
    if (this.feed) this.feed.use(model);
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

  /** A frame was answered, so what kept frames from being answered is over. */
  settle() {
    const cured = this.problem && this.problem.name === 'bad_frame';
    if (!cured && !this.backendGone) return;
    if (cured) this.problem = null;
    this.backendGone = false;
    this.tell();
  },

  /** @param {import('../../client/lib/index').Failure} error */
  failed({ code, message }) {
    this.figures.failed(code, message);
    if (code !== 'backend_unavailable' || this.backendGone) return;
    this.backendGone = true;
    this.tell();
  },

  /** @param {boolean} online */
  networkIs(online) {
    const back = online && !this.online;
    this.online = online;
    const { name, code } = /** @type {{name: string, code?: number|string}} */ (this.state);
    const lost = name === 'reconnecting' || (name === 'refused' && code === 'unreachable');
    if (back && this.shown && this.client && lost) this.client.open();
    this.tell();
  },

  // What is shown

  tell() {
    const gateway = settings.gateway(this.choices);
    const host = gateway ? gateway.socket.replace(/\/ws$/, '') : '';
    const { state: client, problem, online, backendGone } = this;
    const status = describe({ client, problem, online, backendGone, host }, this.data.t);
    if (JSON.stringify(status) !== JSON.stringify(this.data.status)) this.setData({ status });
  },

  refresh() {
    const at = now();
    if (this.latest && at - this.latest.frame.captured_at > STALE_MS) {
      this.latest = null;
      this.draw();
    }
    if (!this.client) return;
    const { tripMs } = this.client.stats();
    const items = figureItems(this.figures.snapshot(at), tripMs, this.lastSent, this.data.t);
    const { t } = this.data;
    const seen = this.latest ? this.seen().map(({ name, score }) => `${name} ${percent(score)}`) : [];
    const said = seen.length > 0 ? `${t.found} ${seen.join('  ')}` : t.found_none;
    this.setData({ figures: items, found: this.latest ? said : '' });
  },

  /** @returns {import('../../answer').Finding[]} what the newest answer says, at the slider's score */
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
    if (this.client) this.client.configure({ min_score: this.choices.minScore });
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
