'use strict';

const { messagesFor } = require('../../language.js');
const settings = require('../../settings.js');

/** @type {('small'|'medium'|'large')[]} */
const SIZES = ['small', 'medium', 'large'];
/** @type {(import('../../client/lib/index').Rotation|'auto')[]} */
const ROTATIONS = ['auto', 0, 90, 180, 270];
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
    model: '',
    label: '',
    note: '',
    isWrong: false,
    sizes: /** @type {string[]} */ ([]),
    sizeIndex: 0,
    rotations: /** @type {string[]} */ ([]),
    rotationIndex: 0,
    languages: /** @type {string[]} */ ([]),
    languageIndex: 0,
    previewMirrored: true,
    frameMirrored: false,
    isLive: true,
  },

  onLoad() {
    const { server, model, label, previewMirrored, frameMirrored, boxes } = settings.load();
    this.setData({ server, model, label, previewMirrored, frameMirrored, isLive: boxes === 'live' });
    this.refresh();
  },

  /** Show the settings in the chosen language. */
  refresh() {
    const chosen = settings.load();
    const t = messagesFor(chosen.language);
    this.setData({
      t,
      sizes: [t.settings_small, t.settings_medium, t.settings_large],
      sizeIndex: SIZES.indexOf(chosen.frameSize),
      rotations: ROTATIONS.map((rotate) => (rotate === 'auto' ? t.settings_rotate_auto : `${rotate}°`)),
      rotationIndex: ROTATIONS.indexOf(chosen.rotate),
      languages: [t.settings_language_auto, '中文', 'English'],
      languageIndex: LANGUAGES.indexOf(chosen.language),
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
    this.change({ server: detail.value.trim() });
  },

  /** @param {Typed} event */
  modelTyped({ detail }) {
    this.change({ model: detail.value.trim() });
  },

  /** @param {Typed} event */
  labelTyped({ detail }) {
    this.change({ label: detail.value.trim() });
  },

  /** @param {Picked} event */
  sizePicked({ detail }) {
    this.change({ frameSize: SIZES[Number(detail.value)] });
  },

  /** @param {Picked} event */
  rotationPicked({ detail }) {
    this.change({ rotate: ROTATIONS[Number(detail.value)] });
  },

  /** @param {Picked} event */
  languagePicked({ detail }) {
    this.change({ language: LANGUAGES[Number(detail.value)] });
  },

  /** @param {Switched} event */
  previewMirrorSwitched({ detail }) {
    this.change({ previewMirrored: detail.value });
  },

  /** @param {Switched} event */
  frameMirrorSwitched({ detail }) {
    this.change({ frameMirrored: detail.value });
  },

  /** @param {Switched} event */
  liveSwitched({ detail }) {
    this.change({ boxes: detail.value ? 'live' : 'exact' });
  },
});
