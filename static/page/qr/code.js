/** QR codes (ISO/IEC 18004) for addresses: bytes, error correction level L, versions 1 to 20. */

import { binary, codewords, HIGHEST_VERSION } from './codewords.js';
import { drawFormat, free, patterns } from './layout.js';
import { MASKS, penalty } from './masking.js';

const QUIET = 4; // modules around the code

/**
 * @param {string} text up to 858 bytes of UTF-8
 * @returns {{version: number, mask: number, rows: number[][]}} rows of modules, 1 for dark
 * @throws {RangeError} if the text is longer
 */
export function qrCode(text) {
  const bytes = new TextEncoder().encode(text);
  for (let version = 1; version <= HIGHEST_VERSION; version += 1) {
    const fixed = patterns(version);
    const places = free(fixed);
    const words = codewords(bytes, version, Math.floor(places.length / 8));
    if (words) return best(fixed, places, words, version);
  }
  throw new RangeError(`too long for a QR code: ${bytes.length} bytes`);
}

function best(fixed, places, words, version) {
  const bits = words.flatMap((word) => binary(word, 8));
  const codes = MASKS.map((isInverted, mask) => {
    const rows = fixed.map((row) => [...row]);
    places.forEach(([y, x], i) => (rows[y][x] = (bits[i] || 0) ^ Number(isInverted(y, x))));
    drawFormat(rows, mask);
    return { version, mask, rows };
  });
  return codes.reduce((a, b) => (penalty(b.rows) < penalty(a.rows) ? b : a));
}

/** @returns {{size: number, path: string}} an SVG path of a code's dark modules, in a square of `size` */
export function outline({ rows }) {
  const path = rows.flatMap((row, y) => {
    const runs = [...row.join('').matchAll(/1+/g)];
    return runs.map(({ index, 0: { length } }) => `M${index + QUIET} ${y + QUIET}h${length}v1h-${length}z`);
  });
  return { size: rows.length + 2 * QUIET, path: path.join('') };
}
