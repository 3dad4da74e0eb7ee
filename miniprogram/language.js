/** The mini-program's language: the user's choice, or the system's. */
'use strict';

const { MESSAGES } = require('./messages.js');

/** @returns {string} the system's language, such as zh_CN or en */
function systemLanguage() {
  const { language } = wx.getAppBaseInfo ? wx.getAppBaseInfo() : wx.getSystemInfoSync();
  return language || 'zh_CN';
}

/**
 * @param {string} choice auto, zh or en
 * @returns {typeof MESSAGES.zh}
 */
function messagesFor(choice) {
  const language = choice === 'auto' ? systemLanguage().slice(0, 2) : choice;
  return language === 'zh' ? MESSAGES.zh : MESSAGES.en;
}

/**
 * Replace `{name}` with its value.
 * @param {string} text
 * @param {Record<string, string>} values
 */
function fill(text, values) {
  return text.replace(/\{(\w+)\}/g, (_, name) => values[name] || '');
}

module.exports = { messagesFor, fill };
