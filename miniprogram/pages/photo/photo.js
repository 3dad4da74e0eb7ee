'use strict';

const { Overlay: Boxes, SignIn } = require('../../client/lib/index.js');
const { connectionFault } = require('../../faults.js');
const { messagesFor, fill } = require('../../language.js');
const { drawResult } = require('../../marks.js');
const { ViewOptions } = require('../../view-options.js');
const { Overlay } = require('../../overlay.js');
const { preparePhoto } = require('../../photo.js');
const { joinSummary, readOutputs, summarize } = require('../../predictions.js');
const settings = require('../../settings.js');
const { resultOptions } = require('../../tasks/predictions.js');
const { infer } = require('../../upload.js');

const MIN_SCORE = 0.05; // everything is fetched once, and the slider filters it here

/** The message per error code and drop reason. */
const MESSAGE_KEYS = /** @type {Record<string, string>} */ ({
  no_server: 'state_no_server_more',
  unreachable: 'photo_unreachable',
  overloaded: 'photo_busy',
  rate_limited: 'photo_busy',
  expired: 'photo_busy',
  draining: 'photo_busy',
  backend_unavailable: 'photo_waiting',
  unknown_model: 'photo_no_model',
  unusable_model: 'photo_no_model',
  unauthorized: 'photo_unauthorized',
  no_code: 'photo_unauthorized',
  no_sign_in: 'photo_unauthorized',
  sign_in_failed: 'photo_unauthorized',
  no_login: 'photo_unauthorized',
  bad_code: 'photo_unauthorized',
  login_refused: 'photo_unauthorized',
  login_failed: 'photo_unauthorized',
  login_unavailable: 'photo_unauthorized',
  frame_too_large: 'photo_too_large',
  bad_frame: 'photo_unreadable',
  unsupported_format: 'photo_unreadable',
});

/** @typedef {import('../../client/lib/index').Result} Result */
/** @typedef {import('../../client/lib/index').Model} Model */
/** @typedef {import('../../client/lib/index').Size} Size */

/** One photo, with its results drawn over it. */
Page({
  data: {
    t: messagesFor('zh'),
    path: '',
    outputs: /** @type {import('../../predictions').Output[]} */ ([]),
    message: '',
    isFailed: false,
    isBusy: false,
    options: new ViewOptions(settings.load()).shown(),
    hasOptions: false,
  },

  chosen: settings.load(),
  view: new ViewOptions(settings.load()),
  result: /** @type {Result|null} */ (null),
  model: /** @type {Model|null} */ (null),
  taken: '',

  /** @param {{path?: string}} query the photo that the live page took, if any */
  onLoad({ path }) {
    if (path) this.taken = decodeURIComponent(path);
  },

  onShow() {
    this.chosen = settings.load();
    this.view = new ViewOptions(this.chosen);
    const t = messagesFor(this.chosen.language);
    this.setData({ t, options: this.view.shown() });
    wx.setNavigationBarTitle({ title: t.photo });
  },

  onReady() {
    if (this.taken) this.recognize(this.taken);
  },

  async choose() {
    const { path, problem } = await choosePhoto();
    if (problem) this.setData({ isFailed: true, message: this.refusal(problem) });
    if (path) await this.recognize(path);
  },

  /** @param {string} original a local file */
  async recognize(original) {
    this.result = null;
    const { t } = this.data;
    this.setData({ isBusy: true, hasOptions: false, outputs: [] });
    this.setData({ isFailed: false, message: t.photo_sending });
    await this.draw(); // without a result, it clears
    try {
      const path = await this.prepare(original);
      this.setData({ path });
      this.result = await this.upload(path);
      this.model = modelOf(this.result, getApp().globalData.model);
      await this.show();
    } catch (error) {
      const { code, message } = /** @type {any} */ (error);
      console.warn('photo:', code, message); // for developers; users see what to do
      this.setData({ isFailed: true, message: this.explanation({ code, message }) });
    }
    this.setData({ isBusy: false });
  },

  /**
   * Make the photo upright and small. If the canvas cannot, the original is sent.
   * @param {string} path
   * @returns {Promise<string>}
   */
  async prepare(path) {
    try {
      return (await preparePhoto(await pageCanvas(), path)).path;
    } catch (error) {
      return path;
    }
  },

  /**
   * @param {string} filePath
   * @returns {Promise<Result>}
   */
  async upload(filePath) {
    const gateway = settings.gateway(this.chosen);
    if (!gateway) throw Object.assign(new Error(), { code: 'no_server' });
    const wanted = resultOptions(getApp().globalData.model, MIN_SCORE);
    const options = { ...settings.sessionOptions(this.chosen), ...wanted };
    const signIn = new SignIn({ url: gateway.login, onToken: () => {} });
    const upload = { url: gateway.infer, filePath, options };
    try {
      return await infer({ ...upload, token: signIn.stored() });
    } catch (error) {
      if (/** @type {any} */ (error).code !== 'unauthorized') throw error;
      return infer({ ...upload, token: await signIn.renew() });
    }
  },

  /** @param {boolean} [isResting] false while a slider moves: then the controls, which may list many classes, stay */
  async show(isResting = true) {
    const { result, model, view } = this;
    if (!result) return;
    view.use(model);
    const found = summarize(result, model, view.minScore, view.shows);
    const outputs = readOutputs(result);
    const isEmpty = found.length + outputs.length === 0;
    const message = isEmpty ? this.data.t.results_none : `${this.data.t.results} ${joinSummary(found)}`.trim();
    this.setData({ hasOptions: true, outputs, message, ...(isResting && { options: view.shown() }) });
    await this.draw();
  },

  /** Draw the result over the photo, in the size that the photo has on the page. */
  async draw() {
    const canvas = await photoCanvas();
    if (!canvas) return;
    const { node, size, pixelRatio } = canvas;
    const overlay = new Overlay(node, size, pixelRatio);
    const { result, model, view } = this;
    if (!result) return overlay.clear();
    const boxes = new Boxes();
    boxes.update(result, 0);
    const latest = { result, frame: { upright: size } };
    drawResult(overlay, { latest, boxes, model, view }, size, false);
  },

  /** @param {WechatMiniprogram.CustomEvent<import('../../view-options').Change>} event */
  async optionChanges({ detail }) {
    this.view.change(detail);
    await this.show(detail.isResting);
  },

  /** @param {string} message from WeChat, which returned no photo */
  refusal(message) {
    const { t } = this.data;
    return /privacy/i.test(message) ? t.state_privacy : t.photo_unavailable;
  },

  /** @param {{code?: string, message: string}} error */
  explanation({ code, message }) {
    const messages = /** @type {Record<string, string>} */ (this.data.t);
    const gateway = settings.gateway(this.chosen);
    const host = gateway ? gateway.infer.replace(/\/v1\/infer$/, '') : '';
    const fault = connectionFault(message);
    if (fault) return fill(messages[`state_${fault}_more`], { host, message });
    return messages[MESSAGE_KEYS[code || ''] || 'photo_failed'];
  },
});

/**
 * The model behind a result: the live page's, with the names that the result carries.
 * @param {Result & {labels?: string[]}} result of an upload
 * @param {Model|null} live
 * @returns {Model|null}
 */
function modelOf({ labels, classes }, live) {
  if (!labels) return live;
  const named = classes ? [...(live ? live.labels : [])] : labels;
  (classes || []).forEach((index, i) => (named[index] = labels[i]));
  return /** @type {Model} */ ({ ...live, labels: named });
}

/** @returns {Promise<{path?: string, problem?: string}>} a local file; neither if the user cancelled */
function choosePhoto() {
  return new Promise((resolve) => {
    wx.chooseMedia({
      count: 1,
      mediaType: ['image'],
      sizeType: ['compressed'],
      success: ({ tempFiles }) => resolve({ path: tempFiles[0].tempFilePath }),
      fail: ({ errMsg }) => resolve(/cancel/i.test(errMsg) ? {} : { problem: errMsg }),
    });
  });
}

/** @returns {Promise<WechatMiniprogram.Canvas>} */
function pageCanvas() {
  return new Promise((resolve, reject) => {
    const query = wx.createSelectorQuery();
    query.select('#picture').fields({ node: true });
    query.exec(([canvas]) => {
      if (canvas && canvas.node) resolve(canvas.node);
      else reject(new Error('the page has no canvas'));
    });
  });
}

/** @returns {Promise<{node: WechatMiniprogram.Canvas, size: Size, pixelRatio: number}|null>} null: not laid out yet */
function photoCanvas() {
  return new Promise((resolve) => {
    const query = wx.createSelectorQuery();
    query.select('#marks').fields({ node: true, size: true });
    query.exec(([canvas]) => {
      if (!canvas || !canvas.node || !canvas.height) return resolve(null);
      const { pixelRatio } = wx.getWindowInfo ? wx.getWindowInfo() : wx.getSystemInfoSync();
      return resolve({ node: canvas.node, size: { width: canvas.width, height: canvas.height }, pixelRatio });
    });
  });
}
