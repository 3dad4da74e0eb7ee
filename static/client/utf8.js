/**
 * UTF-8 without TextEncoder and TextDecoder, which mini-programs lack.
 *
 * An unpaired surrogate is written as U+FFFD, and an invalid sequence is read as U+FFFD, exactly
 * as the web's own encoder and decoder do.
 */

const REPLACEMENT = 0xfffd;
const UNITS_AT_ONCE = 4096; // String.fromCharCode takes its arguments on the stack

/**
 * @param {string} text
 * @returns {number} its length in bytes
 */
export function utf8Length(text) {
  let length = 0;
  for (let i = 0; i < text.length; i += 1) {
    const point = pointAt(text, i);
    if (point > 0xffff) i += 1;
    length += point < 0x80 ? 1 : point < 0x800 ? 2 : point < 0x10000 ? 3 : 4;
  }
  return length;
}

/**
 * Write `text` from `start` on, into `utf8Length(text)` bytes.
 * @param {string} text
 * @param {Uint8Array} bytes
 * @param {number} start
 */
export function writeUtf8(text, bytes, start) {
  let at = start;
  for (let i = 0; i < text.length; i += 1) {
    const point = pointAt(text, i);
    if (point < 0x80) {
      bytes[at++] = point;
    } else if (point < 0x800) {
      bytes[at++] = 0xc0 | (point >> 6);
      bytes[at++] = 0x80 | (point & 0x3f);
    } else if (point < 0x10000) {
      bytes[at++] = 0xe0 | (point >> 12);
      bytes[at++] = 0x80 | ((point >> 6) & 0x3f);
      bytes[at++] = 0x80 | (point & 0x3f);
    } else {
      i += 1;
      bytes[at++] = 0xf0 | (point >> 18);
      bytes[at++] = 0x80 | ((point >> 12) & 0x3f);
      bytes[at++] = 0x80 | ((point >> 6) & 0x3f);
      bytes[at++] = 0x80 | (point & 0x3f);
    }
  }
}

/**
 * @param {Uint8Array} bytes
 * @param {number} start
 * @param {number} end exclusive
 * @returns {string}
 */
export function readUtf8(bytes, start, end) {
  let text = '';
  /** @type {number[]} */
  let units = [];
  let at = start;
  while (at < end) {
    const lead = bytes[at++];
    let more = continuations(lead);
    let point = lead < 0x80 ? lead : more ? lead & (0x3f >> more) : REPLACEMENT;
    let lowest = lead === 0xe0 ? 0xa0 : lead === 0xf0 ? 0x90 : 0x80; // no overlong forms
    let highest = lead === 0xed ? 0x9f : lead === 0xf4 ? 0x8f : 0xbf; // no surrogates, no > 10FFFF
    for (; more > 0; more -= 1) {
      if (at >= end || bytes[at] < lowest || bytes[at] > highest) {
        point = REPLACEMENT;
        break;
      }
      point = (point << 6) | (bytes[at++] & 0x3f);
      lowest = 0x80;
      highest = 0xbf;
    }
    if (point > 0xffff) {
      units.push(0xd800 + ((point - 0x10000) >> 10), 0xdc00 + ((point - 0x10000) & 0x3ff));
    } else {
      units.push(point);
    }
    if (units.length >= UNITS_AT_ONCE) {
      text += String.fromCharCode.apply(null, units);
      units = [];
    }
  }
  return text + String.fromCharCode.apply(null, units);
}

/**
 * @param {number} lead the first byte of a sequence
 * @returns {number} how many bytes follow; 0 for ASCII and for an invalid byte
 */
function continuations(lead) {
  if (lead >= 0xc2 && lead <= 0xdf) return 1;
  if (lead >= 0xe0 && lead <= 0xef) return 2;
  if (lead >= 0xf0 && lead <= 0xf4) return 3;
  return 0;
}

/**
 * @param {string} text
 * @param {number} index
 * @returns {number} the code point, U+FFFD for an unpaired surrogate
 */
function pointAt(text, index) {
  const point = /** @type {number} */ (text.codePointAt(index));
  return point >= 0xd800 && point <= 0xdfff ? REPLACEMENT : point;
}
