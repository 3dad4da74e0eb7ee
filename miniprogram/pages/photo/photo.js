'use strict';

const { SignIn } = require('../../client/lib/index.js');
const { connectionFault } = require('../../faults.js');
const { messagesFor, fill } = require('../../language.js');
const { preparePhoto } = require('../../photo.js');
const { classColour, percent, readOutputs, readPredictions } = require('../../predictions.js');
const settings = require('../../settings.js');
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
/** @typedef {{key: string, left: number, top: number, width: number, height: number, colour: string, text: string}} Mark */

/** One photo, with the results marked on it. */
Page({
  data: {
    t: messagesFor('zh'),
    path: '',
    marks: /** @type {Mark[]} */ ([]),
    outputs: /** @type {import('../../predictions').Output[]} */ ([]),
    message: '',
    isFailed: false,
    isBusy: false,
    hasScores: false,
    percent: 50,
  },

  chosen: settings.load(),
  result: /** @type {Result|null} */ (null),
  taken: '',

  /** @param {{path?: string}} query the photo that the live page took, if any */
  onLoad({ path }) {
    if (path) this.taken = decodeURIComponent(path);
  },

  onShow() {
    this.chosen = settings.load();
    const { language, minScore } = this.chosen;
    const t = messagesFor(language);
    this.setData({ t, percent: Math.round(100 * minScore) });
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
    this.setData({ isBusy: true, hasScores: false, marks: [], outputs: [] });
    this.setData({ isFailed: false, message: t.photo_sending });
    try {
      const path = await this.prepare(original);
      this.setData({ path });
      this.result = await this.upload(path);
      this.show();
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
    const options = { ...settings.sessionOptions(this.chosen), min_score: MIN_SCORE };
    const signIn = new SignIn({ url: gateway.login, onToken: () => {} });
    const upload = { url: gateway.infer, filePath, options };
    try {
      return await infer({ ...upload, token: signIn.stored() });
    } catch (error) {
      if (/** @type {any} */ (error).code !== 'unauthorized') throw error;
      return infer({ ...upload, token: await signIn.renew() });
    }
  },

  show() {
    const { t } = this.data;
    if (!this.result) return;
    const outputs = readOutputs(this.result);
    if (outputs.length > 0) return this.setData({ outputs, message: t.results });
    const { labels } = getApp().globalData;
    const predictions = readPredictions(this.result, labels, this.data.percent / 100);
    const names = predictions.map(({ name, score }) => `${name} ${percent(score)}`);
    const message = names.length > 0 ? `${t.results} ${names.join('  ')}` : t.results_none;
    const marks = predictions.filter(({ box }) => box).map(markOf);
    return this.setData({ hasScores: true, marks, message });
  },

  /** @param {WechatMiniprogram.CustomEvent<{percent: number}>} event */
  scoreMoves({ detail }) {
    this.setData({ percent: detail.percent });
    this.show();
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
 * @param {import('../../predictions').Prediction} prediction
 * @param {number} i
 * @returns {Mark}
 */
function markOf({ box, name, score, index }, i) {
  const [x0, y0, x1, y1] = /** @type {number[]} */ (box);
  return {
    key: String(i),
    left: 100 * x0,
    top: 100 * y0,
    width: 100 * (x1 - x0),
    height: 100 * (y1 - y0),
    colour: classColour(index),
    text: `${name} ${percent(score)}`,
  };
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
