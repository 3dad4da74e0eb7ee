/** What the user wants to see of results, and the controls that a model's results call for. */
'use strict';

const storage = require('./client/lib/storage.js');
const { classColour } = require('./predictions.js');
const settings = require('./settings.js');
const { ClassFilter } = require('./tasks/class-filter.js');
const { controlsOf } = require('./tasks/controls.js');
const { isolate } = require('./tasks/names.js');

/** @typedef {{percent?: number, opacity?: number, toggled?: number, isResting?: boolean}} Change */
/** @typedef {{index: number, name: string, colour: string, isChosen: boolean}} ClassChoice */

const STORE = {
  getItem: (/** @type {string} */ key) => storage.load(key) || null,
  setItem: (/** @type {string} */ key, /** @type {string} */ value) => storage.save(key, value),
};

class ViewOptions {
  /** @param {import('./settings').Settings} chosen */
  constructor({ minScore, opacity }) {
    this._percent = Math.round(100 * minScore);
    this._opacity = Math.round(100 * opacity);
    this._filter = new ClassFilter(STORE, null);
    /** @type {Partial<import('./client/lib/index').Model>|null} */
    this._model = null;
    /** Whether boxes of a class are shown. */
    this.shows = (/** @type {number} */ index) => this._filter.shows(index);
  }

  /** The least score of what is shown, 0 to 1. */
  get minScore() {
    return this._percent / 100;
  }

  /** Of masks and heat maps, 0 to 1. */
  get opacity() {
    return this._opacity / 100;
  }

  /** @param {Partial<import('./client/lib/index').Model>|null} model whose results are shown */
  use(model) {
    this._model = model;
    const labels = controlsOf(model).classes && model ? model.labels || [] : [];
    if (model) this._filter.use({ name: model.name || '', labels });
  }

  /**
   * What the component `options` reports. Sliders are saved when they are released.
   * @param {Change} change
   */
  change({ percent = this._percent, opacity = this._opacity, toggled, isResting = true }) {
    [this._percent, this._opacity] = [percent, opacity];
    if (toggled !== undefined) this._filter.toggle(toggled);
    if (isResting) settings.save({ minScore: this.minScore, opacity: this.opacity });
  }

  /** What the component `options` shows. */
  shown() {
    const controls = controlsOf(this._model);
    const labels = controls.classes && this._model ? this._model.labels || [] : [];
    const { chosen } = this._filter;
    /** @type {ClassChoice[]} */
    const classes = labels.map((name, index) => ({
      index,
      name,
      colour: classColour(index),
      isChosen: chosen.includes(index),
    }));
    const names = chosen.map((index) => isolate(labels[index])).join(', ');
    return { controls, percent: this._percent, opacity: this._opacity, classes, chosen: names };
  }
}

module.exports = { ViewOptions };
