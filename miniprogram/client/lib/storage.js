/**
 * WeChat's storage. It throws when the phone has no room or its files are damaged, as old phones do;
 * what cannot be stored is remembered until the mini-program ends.
 */
'use strict';

/** @type {Map<string, any>} what could not be stored */
const unstored = new Map();

/**
 * @param {string} key
 * @returns {any} an empty string if there is no value
 */
function load(key) {
  if (unstored.has(key)) return unstored.get(key);
  try {
    return wx.getStorageSync(key);
  } catch (error) {
    return '';
  }
}

/**
 * @param {string} key
 * @param {any} value
 */
function save(key, value) {
  unstored.delete(key);
  try {
    wx.setStorageSync(key, value);
  } catch (error) {
    unstored.set(key, value);
  }
}

module.exports = { load, save };
