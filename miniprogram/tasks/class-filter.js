// Generated from static/tasks/class-filter.js by `make miniprogram`; do not edit.
'use strict';

/** Which classes are shown: all, or those that the user has chosen for this model. */

const STORAGE_KEY = 'framewire.classes';

/** @typedef {{getItem(key: string): string|null, setItem(key: string, value: string): void}} Store */

class ClassFilter {
  /**
   * @param {Store|null} storage for the choices; null if it is not allowed
   * @param {number[]|null} shared those of the page's address, for the first model
   */
  constructor(storage, shared) {
    this._storage = storage;
    this._shared = shared;
    /** @type {string|null} */
    this._name = null;
    /** @type {Set<number>} */
    this._chosen = new Set();
  }

  /**
   * Take the choice for this model. The classes that it does not have are left out.
   * @param {{name: string, labels: string[]}} model
   */
  use({ name, labels }) {
    if (name === this._name) return;
    const chosen = this._shared || this._stored()[name];
    this._shared = null;
    this._name = name;
    this._chosen = new Set(Array.isArray(chosen) ? chosen.filter((index) => index in labels) : []);
  }

  /** @returns {number[]} ascending; empty: all */
  get chosen() {
    return [...this._chosen].sort((a, b) => a - b);
  }

  /**
   * Whether a class is shown.
   * @param {number} index
   */
  shows(index) {
    return this._chosen.size === 0 || this._chosen.has(index);
  }

  /** @param {number} index */
  toggle(index) {
    if (!this._chosen.delete(index)) this._chosen.add(index);
    this._save();
  }

  clear() {
    this._chosen.clear();
    this._save();
  }

  _save() {
    if (!this._storage || this._name === null) return;
    const stored = this._stored();
    delete stored[this._name];
    if (this._chosen.size > 0) stored[this._name] = this.chosen;
    this._storage.setItem(STORAGE_KEY, JSON.stringify(stored));
  }

  /** @returns {Record<string, number[]>} */
  _stored() {
    try {
      return JSON.parse((this._storage && this._storage.getItem(STORAGE_KEY)) || '{}') || {};
    } catch (error) {
      return {};
    }
  }
}

/**
 * @param {string[]} labels
 * @param {string} text
 * @returns {number[]} the classes whose label contains the text, in any case
 */
function matching(labels, text) {
  const wanted = text.trim().toLowerCase();
  return labels.map((_, index) => index).filter((index) => labels[index].toLowerCase().includes(wanted));
}

module.exports = { ClassFilter, matching };
