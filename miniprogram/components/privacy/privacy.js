'use strict';

const { messagesFor } = require('../../language.js');
const { load } = require('../../settings.js');

/** @type {Map<object, (answer: {event: string, buttonId: string}) => void>} open requests by component */
const pending = new Map();
const AGREE = 'privacy-agree'; // the id of the button, for WeChat

/**
 * The consent dialog for WeChat's privacy guide, on the page that needs it. Every page with the
 * camera or photos has one. WeChat calls the listener registered last: the page in front.
 */
Component({
  data: { open: false, contract: '', t: messagesFor('zh') },
  lifetimes: {
    attached() {
      this.listen();
    },
    detached() {
      this.answer('disagree');
    },
  },
  pageLifetimes: {
    show() {
      this.listen();
    },
  },
  methods: {
    listen() {
      if (!wx.onNeedPrivacyAuthorization) return;
      wx.onNeedPrivacyAuthorization((resolve) => this.ask(/** @type {any} */ (resolve)));
    },
    /** @param {(answer: {event: string, buttonId: string}) => void} resolve */
    ask(resolve) {
      this.answer('disagree'); // an earlier request without an answer
      pending.set(this, resolve);
      this.setData({ open: true, t: messagesFor(load().language) });
      wx.getPrivacySetting({
        success: ({ privacyContractName }) => this.setData({ contract: privacyContractName }),
      });
    },
    agree() {
      this.answer('agree');
    },
    disagree() {
      this.answer('disagree');
    },
    read() {
      wx.openPrivacyContract({});
    },
    /** @param {'agree'|'disagree'} event */
    answer(event) {
      const resolve = pending.get(this);
      pending.delete(this);
      if (this.data.open) this.setData({ open: false });
      if (resolve) resolve({ event, buttonId: AGREE });
    },
    /** Block touches on what is below. */
    hold() {},
  },
});
