'use strict';

const { wordsFor } = require('../../language.js');
const { load } = require('../../settings.js');

/** @type {Map<object, (answer: {event: string, buttonId: string}) => void>} questions by component */
const waiting = new Map();
const AGREE = 'privacy-agree'; // the button that WeChat wants to see pressed

/**
 * WeChat's question about the privacy guide, asked on the page that needs the answer. Every page
 * with the camera or photos has one, and WeChat asks the one that listened last: the page in front.
 */
Component({
  data: { open: false, contract: '', t: wordsFor('zh') },
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
      this.answer('disagree'); // an older question that nobody answered
      waiting.set(this, resolve);
      this.setData({ open: true, t: wordsFor(load().language) });
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
      const resolve = waiting.get(this);
      waiting.delete(this);
      if (this.data.open) this.setData({ open: false });
      if (resolve) resolve({ event, buttonId: AGREE });
    },
    /** Keeps touches from what lies below. */
    hold() {},
  },
});
