/** The server's models, among which the live page switches. */
'use strict';

const { SignIn } = require('../../client/lib/index.js');
const { listModels } = require('../../client/lib/core/models.js');

/** @typedef {import('../../client/lib/index').Model} Model */
/** @typedef {import('../../client/lib/core/models').KnownModel} KnownModel */
/** @typedef {import('../../client/lib/core/models').ListedModel} ListedModel */

class Models {
  /** @param {() => void} onChange */
  constructor(onChange) {
    this._onChange = onChange;
    /** @type {KnownModel[]} */
    this._known = [];
    /** @type {ListedModel[]} */
    this._listed = [];
  }

  /**
   * Ask a server for its models. Without an answer, there is nothing to switch to.
   * @param {import('../../client/lib/index').Addresses} gateway
   * @param {Model} current the session's
   */
  refresh(gateway, current) {
    const token = new SignIn({ url: gateway.login, onToken: () => {} }).stored();
    this._list([], current);
    wx.request({
      url: gateway.models,
      header: token ? { Authorization: `Bearer ${token}` } : {},
      success: ({ statusCode, data }) => {
        const { models } = /** @type {{models?: KnownModel[]}} */ (data);
        if (statusCode === 200 && models) this._list(models, current);
      },
      fail: () => {}, // the connection says what is wrong
    });
  }

  /**
   * @param {KnownModel[]} models
   * @param {Model} current
   */
  _list(models, current) {
    // The server may forget models that no session uses.
    const known = [...models, ...this._known, { ...current, state: 'ready' }];
    this._known = known.filter(({ state }) => state === 'ready');
    this._listed = listModels(known, current);
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

  /** @param {number} index of `names` */
  at(index) {
    return this._listed[index];
  }
}

module.exports = { Models };
