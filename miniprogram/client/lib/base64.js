/** Decodes base64. Phones have no `atob`. */
'use strict';

const DIGITS = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/';
const PADDING = 61; // '='

const VALUES = new Uint8Array(128);
for (let i = 0; i < DIGITS.length; i += 1) VALUES[DIGITS.charCodeAt(i)] = i;

/**
 * @param {string} text
 * @param {number} start where the base64 starts, such as after `data:image/jpeg;base64,`
 * @returns {Uint8Array}
 */
function decodeBase64(text, start) {
  let end = text.length;
  while (end > start && text.charCodeAt(end - 1) === PADDING) end -= 1;
  const bytes = new Uint8Array(Math.floor(((end - start) * 3) / 4));
  for (let i = start, at = 0; at < bytes.length; i += 4) {
    const group =
      (VALUES[text.charCodeAt(i)] << 18) |
      (VALUES[text.charCodeAt(i + 1)] << 12) |
      ((i + 2 < end ? VALUES[text.charCodeAt(i + 2)] : 0) << 6) |
      (i + 3 < end ? VALUES[text.charCodeAt(i + 3)] : 0);
    bytes[at++] = group >> 16;
    if (at < bytes.length) bytes[at++] = group >> 8;
    if (at < bytes.length) bytes[at++] = group;
  }
  return bytes;
}

module.exports = { decodeBase64 };
