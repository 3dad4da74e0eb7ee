// Generated from static/tasks/shorten.js by `make miniprogram`; do not edit.
'use strict';

/** Texts for little room. */

/**
 * Shorten a text until it fits.
 * @param {string} text
 * @param {function(string): boolean} fits
 */
function shorten(text, fits) {
  if (fits(text)) return text;
  const letters = [...text];
  while (letters.length > 1 && !fits(`${letters.join('')}…`)) letters.pop();
  return `${letters.join('').replace(/\s+$/, '')}…`;
}

module.exports = { shorten };
