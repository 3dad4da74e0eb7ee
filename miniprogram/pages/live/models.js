/** The server's models, among which the live page switches. */
'use strict';

const { SignIn, now } = require('../../client/lib/index.js');
const { listModels, stillOffered } = require('../../client/lib/core/models.js');

/** @typedef {import('../../client/lib/index').Addresses} Addresses */
/** @typedef {import('../../client/lib/index').Model} Model */
/** @typedef {import('../../client/lib/core/models').KnownModel} KnownModel */
/** @typedef {import('../../client/lib/core/models').ListedModel} ListedModel */

/** The least time between two questions that follow from what a user does. */
const PAUSE_MS = 2000;

class Models {
  /** @param {() => void} onChange */
  constructor(onChange) {
    this._onChange = onChange;
    /** @type {KnownModel[]} */
    this._known = [];
    /** @type {ListedModel[]} */
    this._listed = [];
    /** @type {ListedModel[]} */
    this._offered = []; // since the server has answered
    this._gateway = /** @type {Addresses|null} */ (null);
    this._current = /** @type {Model|null} */ (null);
    this._isChosen = false; // by the user, not by where the server leads the name
    this._askedAt = 0;
  }

  /**
   * Ask a server for its models. Without an answer, those known stay.
   * @param {Addresses|null} gateway
   * @param {Model} current the session's
   */
  refresh(gateway, current) {
    if (!gateway) return;
    if (!this._gateway || gateway.models !== this._gateway.models) [this._known, this._offered] = [[], []];
    this._follow(current);
    this._gateway = gateway;
    this._list([]);
    this._ask(gateway);
  }

  /**
   * A model that the server has put another in the place of is no choice.
   * @param {Model} current
   */
  _follow(current) {
    const before = this._current;
    if (before && before.name === current.name && !this._isChosen) this._known = this._known.filter((model) => keyOf(model) !== keyOf(before));
    this._current = current;
    this._isChosen = false;
  }

  /** Somebody reaches for the models: one may have been promoted meanwhile. */
  lookAgain() {
    if (this._gateway && now() - this._askedAt > PAUSE_MS) this._ask(this._gateway);
  }

  /** @param {Addresses} gateway */
  _ask(gateway) {
    this._askedAt = now();
    const token = new SignIn({ url: gateway.login, onToken: () => {} }).stored();
    wx.request({
      url: gateway.models,
      header: token ? { Authorization: `Bearer ${token}` } : {},
      success: ({ statusCode, data }) => {
        const { models } = /** @type {{models?: KnownModel[]}} */ (data);
        if (statusCode !== 200 || !models || gateway !== this._gateway) return;
        this._list(models);
        this._offered = this._listed;
      },
      fail: () => {}, // the connection says what is wrong
    });
  }

  /** @param {KnownModel[]} models */
  _list(models) {
    const current = /** @type {Model} */ (this._current);
    const newest = [...models, { ...current, state: 'ready' }];
    const keys = new Set(newest.map(keyOf));
    const used = stillOffered(this._known, models).filter((model) => !keys.has(keyOf(model)));
    const known = [...newest, ...used];
    this._known = known.filter(({ state }) => state === 'ready');
    this._listed = inPlace(this._offered, listModels(known, current));
    this._onChange();
  }

  /**
   * What the page shows.
   * @param {Record<string, string>} t
   * @returns {{names: string[], index: number}}
   */
  shown(t) {
    const names = this._listed.map(({ name, label, task, state }) => {
      const detail = state === 'ready' ? t[`task_${task}`] || task : t.model_unavailable;
      return `${label ? `${name} (${label})` : name} · ${detail}`;
    });
    return { names, index: this._listed.findIndex(({ isCurrent }) => isCurrent) };
  }

  /**
   * The user has chosen a model.
   * @param {number} index of `names`
   */
  choose(index) {
    this._isChosen = true;
    return this._listed[index];
  }
}

/** @param {{name: string, label?: string|null}} model */
function keyOf({ name, label }) {
  return JSON.stringify([name, label || null]);
}

/**
 * Keep each model in its place: phones show an open menu as it was, and name a choice by its place.
 * @param {ListedModel[]} before
 * @param {ListedModel[]} listed
 * @returns {ListedModel[]} those listed, new ones last; in the place of what is gone, another of its name or it still
 */
function inPlace(before, listed) {
  const known = new Set(before.map(keyOf));
  const added = listed.filter((model) => !known.has(keyOf(model)));
  const placed = before.map((gone) => {
    const same = listed.find((model) => keyOf(model) === keyOf(gone));
    if (same) return same;
    const successor = added.findIndex(({ name }) => name === gone.name);
    return successor < 0 ? { ...gone, isCurrent: false } : added.splice(successor, 1)[0];
  });
  return [...placed, ...added];
}

module.exports = { Models };
