'use strict';

const { messagesFor } = require('../../language.js');
const settings = require('../../settings.js');

/** @type {('small'|'medium'|'large')[]} */
const SIZES = ['small', 'medium', 'large'];
/** @type {(import('../../client/lib/index').Rotation|'auto')[]} */
const ROTATIONS = ['auto', 0, 90, 180, 270];

/** @typedef {{detail: {value: string}}} Typed */
/** @typedef {{detail: {value: string|number}}} Picked */
/** @typedef {{detail: {value: boolean}}} Switched */

/** The settings that few users need. Every change is saved immediately. */
Page({
  data: {
    t: messagesFor('zh'),
    model: '',
    label: '',
    sizes: /** @type {string[]} */ ([]),
    sizeIndex: 0,
    rotations: /** @type {string[]} */ ([]),
    rotationIndex: 0,
    previewMirrored: true,
    frameMirrored: false,
  },

  onLoad() {
    const { language, model, label } = settings.load();
    const t = messagesFor(language);
    this.setData({
      t,
      model,
      label,
      sizes: [t.settings_small, t.settings_medium, t.settings_large],
      rotations: ROTATIONS.map((rotate) => (rotate === 'auto' ? t.settings_rotate_auto : `${rotate}°`)),
    });
    this.refresh();
    wx.setNavigationBarTitle({ title: t.settings_advanced });
  },

  refresh() {
    const { frameSize, rotate, previewMirrored, frameMirrored } = settings.load();
    this.setData({
      sizeIndex: SIZES.indexOf(frameSize),
      rotationIndex: ROTATIONS.indexOf(rotate),
      previewMirrored,
      frameMirrored,
    });
  },

  /** @param {Partial<import('../../settings').Settings>} changed */
  change(changed) {
    settings.save(changed);
    this.refresh();
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

  /** @param {Switched} event */
  previewMirrorSwitched({ detail }) {
    this.change({ previewMirrored: detail.value });
  },

  /** @param {Switched} event */
  frameMirrorSwitched({ detail }) {
    this.change({ frameMirrored: detail.value });
  },
});
