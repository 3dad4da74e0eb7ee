/** The user's settings, stored on the phone. */
'use strict';

const { addresses } = require('./client/lib/index.js');
const storage = require('./client/lib/storage.js');
const config = require('./config.js');

const STORAGE_KEY = 'framewire.settings';

/**
 * @typedef {object} Settings
 * @property {string} server as typed by the user
 * @property {string} model empty: the gateway's default
 * @property {string} label empty: the default label
 * @property {number} minScore 0 to 1
 * @property {number} opacity 0 to 1, of masks and heat maps
 * @property {'small'|'medium'|'large'} frameSize of the camera's frames
 * @property {boolean} previewMirrored whether the front camera's preview is mirrored
 * @property {boolean} frameMirrored whether the front camera's frames are mirrored
 * @property {import('./client/lib/index').Rotation|'auto'} rotate
 * @property {'live'|'exact'} boxes whether boxes keep up with the preview, or stay where they were captured
 * @property {'auto'|'zh'|'en'} language
 */

/** @type {Settings} */
const DEFAULTS = {
  server: config.server,
  model: '',
  label: '',
  minScore: 0.5,
  opacity: 0.55,
  frameSize: 'medium',
  previewMirrored: true,
  frameMirrored: false,
  rotate: 'auto',
  boxes: 'live',
  language: 'auto',
};

/** @returns {Settings} */
function load() {
  return { ...DEFAULTS, ...storage.load(STORAGE_KEY) };
}

/** @param {Partial<Settings>} changed */
function save(changed) {
  storage.save(STORAGE_KEY, { ...storage.load(STORAGE_KEY), ...changed });
}

/**
 * The session options for `hello`.
 * @param {Settings} settings
 */
function sessionOptions({ model, label, minScore }) {
  return { ...(model && { model }), ...(label && { label }), min_score: minScore };
}

/** @param {Settings} settings */
function gateway({ server }) {
  return addresses(server);
}

module.exports = { load, save, sessionOptions, gateway };
