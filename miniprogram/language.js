/** Which language the mini-program speaks: the user's choice, else the system’s. */
'use strict';

const { MESSAGES } = require('./messages.js');

/** @typedef {keyof typeof MESSAGES} Language */
/** @typedef {keyof typeof MESSAGES.zh} Key */

/** @returns {string} the system's, such as zh_CN or en */
function systemLanguage() {
  const { language } = wx.getAppBaseInfo ? wx.getAppBaseInfo() : wx.getSystemInfoSync();
  return language || 'zh_CN';
}

/**
 * @param {string} choice auto, zh or en
 * @returns {typeof MESSAGES.zh} every word
 */
function wordsFor(choice) {
  const wanted = choice === 'auto' ? systemLanguage().slice(0, 2) : choice;
  return wanted === 'zh' ? MESSAGES.zh : MESSAGES.en;
}

/**
 * @param {string} text
 * @param {Record<string, string>} values
 */
function fill(text, values) {
  return text.replace(/\{(\w+)\}/g, (_, name) => values[name] || '');
}

module.exports = { wordsFor, fill };
