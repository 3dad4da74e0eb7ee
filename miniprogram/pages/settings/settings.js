'use strict';

const { wordsFor } = require('../../language.js');
const settings = require('../../settings.js');

/** @type {('small'|'medium'|'large')[]} */
const SIZES = ['small', 'medium', 'large'];
/** @type {(import('../../client/lib/index').Rotation|'auto')[]} */
const TURNS = ['auto', 0, 90, 180, 270];
/** @type {('auto'|'zh'|'en')[]} */
const LANGUAGES = ['auto', 'zh', 'en'];

/** @typedef {{detail: {value: string}}} Typed */
/** @typedef {{detail: {value: string|number}}} Picked */
/** @typedef {{detail: {value: boolean}}} Switched */

/** What the user may choose. Every change is kept at once; the other pages read it when they show. */
Page({
  data: {
    t: wordsFor('zh'),
    server: '',
    model: '',
    label: '',
    note: '',
    wrong: false,
    sizes: /** @type {string[]} */ ([]),
    sizeIndex: 0,
    turns: /** @type {string[]} */ ([]),
    turnIndex: 0,
    languages: /** @type {string[]} */ ([]),
    languageIndex: 0,
    previewMirrored: true,
    frameMirrored: false,
  },

  onLoad() {
    const { server, model, label, previewMirrored, frameMirrored } = settings.load();
    this.setData({ server, model, label, previewMirrored, frameMirrored });
    this.tell();
  },

  /** Everything that follows from the choices and the language. */
  tell() {
    const chosen = settings.load();
    const t = wordsFor(chosen.language);
    this.setData({
      t,
      sizes: [t.settings_small, t.settings_medium, t.settings_large],
      sizeIndex: SIZES.indexOf(chosen.frameSize),
      turns: TURNS.map((turn) => (turn === 'auto' ? t.settings_rotate_auto : `${turn}°`)),
      turnIndex: TURNS.indexOf(chosen.rotate),
      languages: [t.settings_language_auto, '中文', 'English'],
      languageIndex: LANGUAGES.indexOf(chosen.language),
      ...this.judge(chosen, t),
    });
    wx.setNavigationBarTitle({ title: t.settings });
  },

  /**
   * @param {import('../../settings').Settings} chosen
   * @param {ReturnType<typeof wordsFor>} t
   */
  judge(chosen, t) {
    const gateway = settings.gateway(chosen);
    if (!gateway) {
      const empty = chosen.server.trim() === '';
      return { wrong: !empty, note: empty ? '' : t.settings_address_wrong };
    }
    const open = gateway.socket.slice(0, 3) === 'ws:';
    return { wrong: false, note: open ? t.settings_address_open : gateway.socket };
  },

  /** @param {Partial<import('../../settings').Settings>} changed */
  keep(changed) {
    settings.save(changed);
    this.tell();
  },

  /** @param {Typed} event */
  serverTyped({ detail }) {
    this.keep({ server: detail.value.trim() });
  },

  /** @param {Typed} event */
  modelTyped({ detail }) {
    this.keep({ model: detail.value.trim() });
  },

  /** @param {Typed} event */
  labelTyped({ detail }) {
    this.keep({ label: detail.value.trim() });
  },

  /** @param {Picked} event */
  sizePicked({ detail }) {
    this.keep({ frameSize: SIZES[Number(detail.value)] });
  },

  /** @param {Picked} event */
  turnPicked({ detail }) {
    this.keep({ rotate: TURNS[Number(detail.value)] });
  },

  /** @param {Picked} event */
  languagePicked({ detail }) {
    this.keep({ language: LANGUAGES[Number(detail.value)] });
  },

  /** @param {Switched} event */
  previewMirrorSwitched({ detail }) {
    this.keep({ previewMirrored: detail.value });
  },

  /** @param {Switched} event */
  frameMirrorSwitched({ detail }) {
    this.keep({ frameMirrored: detail.value });
  },
});
