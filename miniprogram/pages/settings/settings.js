'use strict';

const { ConnectionTest } = require('../../connection-test.js');
const { explain } = require('../../diagnosis.js');
const { messagesFor } = require('../../language.js');
const settings = require('../../settings.js');

/** @type {('auto'|'zh'|'en')[]} */
const LANGUAGES = ['auto', 'zh', 'en'];

/** @typedef {{detail: {value: string}}} Typed */
/** @typedef {{detail: {value: string|number}}} Picked */
/** @typedef {{detail: {value: boolean}}} Switched */

/** The settings. Every change is saved immediately; other pages load it when they are shown. */
Page({
  data: {
    t: messagesFor('zh'),
    server: '',
    note: '',
    isWrong: false,
    isTesting: false,
    outcome: /** @type {ReturnType<typeof explain>|null} */ (null),
    languages: /** @type {string[]} */ ([]),
    languageIndex: 0,
    isLive: true,
  },

  running: /** @type {ConnectionTest|null} */ (null),

  onLoad() {
    this.setData({ server: settings.load().server });
    this.refresh();
  },

  onHide() {
    this.stopTest();
  },

  onUnload() {
    this.stopTest();
  },

  /** Show the settings in the chosen language. */
  refresh() {
    const chosen = settings.load();
    const t = messagesFor(chosen.language);
    this.setData({
      t,
      languages: [t.settings_language_auto, '中文', 'English'],
      languageIndex: LANGUAGES.indexOf(chosen.language),
      isLive: chosen.boxes === 'live',
      ...this.validate(chosen, t),
    });
    wx.setNavigationBarTitle({ title: t.settings });
  },

  /**
   * @param {import('../../settings').Settings} chosen
   * @param {ReturnType<typeof messagesFor>} t
   */
  validate(chosen, t) {
    const gateway = settings.gateway(chosen);
    if (!gateway) {
      const isEmpty = chosen.server.trim() === '';
      return { isWrong: !isEmpty, note: isEmpty ? '' : t.settings_address_wrong };
    }
    const isPlain = gateway.socket.slice(0, 3) === 'ws:';
    return { isWrong: false, note: isPlain ? t.settings_address_plain : gateway.socket };
  },

  /** @param {Partial<import('../../settings').Settings>} changed */
  change(changed) {
    settings.save(changed);
    this.refresh();
  },

  /** @param {Typed} event */
  serverTyped({ detail }) {
    this.stopTest();
    this.setData({ outcome: null }); // it was another server's
    this.change({ server: detail.value.trim() });
  },

  test() {
    this.stopTest();
    this.setData({ isTesting: true, outcome: null });
    this.running = new ConnectionTest(settings.load(), (outcome) => {
      this.setData({ isTesting: false, outcome: explain(outcome, this.data.t) });
    });
    this.running.start();
  },

  stopTest() {
    if (this.running) this.running.cancel();
    if (this.data.isTesting) this.setData({ isTesting: false });
  },

  /** @param {Picked} event */
  languagePicked({ detail }) {
    this.setData({ outcome: null });
    this.change({ language: LANGUAGES[Number(detail.value)] });
  },

  /** @param {Switched} event */
  liveSwitched({ detail }) {
    this.change({ boxes: detail.value ? 'live' : 'exact' });
  },

  openAdvanced() {
    wx.navigateTo({ url: '/pages/advanced/advanced' });
  },
});
