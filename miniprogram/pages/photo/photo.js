'use strict';

const { SignIn } = require('../../client/lib/index.js');
const { classColour, findings, percent } = require('../../predictions.js');
const { fill, wordsFor } = require('../../language.js');
const { preparePhoto } = require('../../photo.js');
const settings = require('../../settings.js');
const { connectionFault } = require('../../status.js');
const { infer } = require('../../upload.js');

const LEAST_SCORE = 0.05; // all findings are fetched once, and the slider chooses among them

/** @typedef {import('../../client/lib/index').Result} Result */
/** @typedef {{key: string, left: number, top: number, width: number, height: number, colour: string, text: string}} Mark */

/** One photo, and on it what the model found. */
Page({
  data: {
    t: wordsFor('zh'),
    path: '',
    marks: /** @type {Mark[]} */ ([]),
    said: '',
    wrong: false,
    busy: false,
    answered: false,
    percent: 50,
  },

  choices: settings.load(),
  result: /** @type {Result|null} */ (null),

  onShow() {
    this.choices = settings.load();
    const { language, minScore } = this.choices;
    const t = wordsFor(language);
    this.setData({ t, percent: Math.round(100 * minScore) });
    wx.setNavigationBarTitle({ title: t.photo });
  },

  async choose() {
    const { path: chosen, problem } = await pictureOfUser();
    if (problem) this.setData({ wrong: true, said: this.refusal(problem) });
    if (!chosen) return;
    this.result = null;
    const { t } = this.data;
    this.setData({ busy: true, answered: false, marks: [], wrong: false, said: t.photo_sending });
    try {
      const path = await this.ready(chosen);
      this.setData({ path });
      this.result = await this.ask(path);
      this.setData({ answered: true });
      this.show();
    } catch (error) {
      this.setData({ wrong: true, said: this.complaint(/** @type {any} */ (error)) });
    }
    this.setData({ busy: false });
  },

  /**
   * The canvas makes a photo upright and small. Where it cannot, the photo goes as it is.
   * @param {string} path
   * @returns {Promise<string>}
   */
  async ready(path) {
    try {
      return (await preparePhoto(await canvasOfPage(), path)).path;
    } catch (error) {
      return path;
    }
  },

  /** @param {string} filePath @returns {Promise<Result>} */
  async ask(filePath) {
    const gateway = settings.gateway(this.choices);
    if (!gateway) throw Object.assign(new Error(), { code: 'no_server' });
    const wishes = { ...settings.wishes(this.choices), min_score: LEAST_SCORE };
    const signIn = new SignIn({ url: gateway.login, onToken: () => {} });
    const about = { url: gateway.infer, filePath, wishes };
    try {
      return await infer({ ...about, token: signIn.kept() });
    } catch (error) {
      if (/** @type {any} */ (error).code !== 'unauthorized') throw error;
      return infer({ ...about, token: await signIn.renew() });
    }
  },

  show() {
    const { t } = this.data;
    if (!this.result) return;
    const { labels } = getApp().globalData;
    const seen = findings(this.result, labels, this.data.percent / 100);
    const names = seen.map(({ name, score }) => `${name} ${percent(score)}`);
    const marks = seen.filter(({ box }) => box).map(markOf);
    this.setData({ marks, said: names.length > 0 ? `${t.found} ${names.join('  ')}` : t.found_none });
  },

  /** @param {WechatMiniprogram.CustomEvent<{percent: number}>} event */
  scoreMoves({ detail }) {
    this.setData({ percent: detail.percent });
    this.show();
  },

  /** @param {string} message of WeChat, which gave no picture */
  refusal(message) {
    const { t } = this.data;
    return /privacy/i.test(message) ? t.state_privacy : `${t.photo_failed}: ${message}`;
  },

  /** @param {{code?: string, message: string}} error */
  complaint({ code, message }) {
    const { t } = this.data;
    const gateway = settings.gateway(this.choices);
    const host = gateway ? gateway.infer.replace(/\/v1\/infer$/, '') : '';
    if (code === 'no_server') return t.state_no_server;
    if (connectionFault(message) === 'wrong_domain') return fill(t.state_wrong_domain_more, { host });
    if (code === 'unreachable') return fill(t.photo_unreachable, { message });
    if (code === 'frame_too_large') return t.photo_too_large;
    if (code === 'bad_frame' || code === 'unsupported_format') return t.photo_unreadable;
    return `${t.photo_failed}: ${message}`;
  },
});

/**
 * @param {import('../../predictions').Finding} finding
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

/** @returns {Promise<{path?: string, problem?: string}>} a local file; neither if the user chose none */
function pictureOfUser() {
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
function canvasOfPage() {
  return new Promise((resolve, reject) => {
    const query = wx.createSelectorQuery();
    query.select('#picture').fields({ node: true });
    query.exec(([found]) => {
      if (found && found.node) resolve(found.node);
      else reject(new Error('this page has no canvas'));
    });
  });
}
