// Generated from client/lib/jpeg-encoder.js by `make miniprogram`; do not edit.
/**
 * Encodes RGB as JPEG in plain JavaScript: baseline, 4:2:0, the standard's tables.
 *
 * For phones whose canvas is slow or missing. Where JavaScript is compiled, a frame of 192 x 192
 * takes about a millisecond and shrinks to a twentieth. Tables and buffers are allocated once.
 */
'use strict';

const { ZIGZAG, huffman, quantization } = require('./jpeg-tables.js');

const { clz32, min } = Math; // WeChat may proxy globals, which makes every lookup expensive

const SIDE = 8;
const MCU = 16; // pixels of a unit: four luma blocks and one block per chroma component
const MAX_BYTES_PER_PIXEL = 11; // 1.5 coefficients of 27 bits, with every byte stuffed
const ROUNDING = 16384.5;
const END_OF_BLOCK = 0x00;
const SIXTEEN_ZEROS = 0xf0;

/** The scale factors that the fast transform leaves to quantization, per row and column. */
const AAN_SCALES = [0, 1, 2, 3, 4, 5, 6, 7].map((k) => (k ? Math.SQRT2 * Math.cos((k * Math.PI) / 16) : 1));

/**
 * The one-dimensional DCT of Arai, Agui and Nakajima, in place.
 * @param {Float32Array} d
 * @param {number} at index of the first of eight values
 * @param {number} step between them
 */
function transform(d, at, step) {
  const i1 = at + step;
  const i2 = i1 + step;
  const i3 = i2 + step;
  const i4 = i3 + step;
  const i5 = i4 + step;
  const i6 = i5 + step;
  const i7 = i6 + step;
  const s07 = d[at] + d[i7];
  const d07 = d[at] - d[i7];
  const s16 = d[i1] + d[i6];
  const d16 = d[i1] - d[i6];
  const s25 = d[i2] + d[i5];
  const d25 = d[i2] - d[i5];
  const s34 = d[i3] + d[i4];
  const d34 = d[i3] - d[i4];
  const outer = s07 - s34;
  const even = (s16 - s25 + outer) * 0.7071067811865476;
  d[at] = s07 + s34 + (s16 + s25);
  d[i4] = s07 + s34 - (s16 + s25);
  d[i2] = outer + even;
  d[i6] = outer - even;
  const low = d34 + d25;
  const high = d16 + d07;
  const rotated = (low - high) * 0.3826834323650898;
  const a = 0.541196100146197 * low + rotated;
  const b = 1.3065629648763766 * high + rotated;
  const middle = (d25 + d16) * 0.7071067811865476;
  const plus = d07 + middle;
  const minus = d07 - middle;
  d[i5] = minus + a;
  d[i3] = minus - a;
  d[i1] = plus + b;
  d[i7] = plus - b;
}

class JpegEncoder {
  /**
   * @param {import('../../client/lib/index').Size} size in pixels
   * @param {number} quality 1 to 100
   */
  constructor({ width, height }, quality) {
    this._width = width;
    this._height = height;
    const tables = quantization(quality);
    this._scales = tables.map(scalesOf);
    this._huffman = [0, 1].map((plane) => ({
      dc: huffman('dc', /** @type {0|1} */ (plane)),
      ac: huffman('ac', /** @type {0|1} */ (plane)),
    }));
    this._header = this._makeHeader(tables);
    const padded = MCU * MCU * Math.ceil(width / MCU) * Math.ceil(height / MCU);
    this._bytes = new Uint8Array(this._header.length + MAX_BYTES_PER_PIXEL * padded + 16);
    this._bytes.set(this._header);
    this._planes = [0, 1, 2, 3, 4, 5].map(() => new Float32Array(SIDE * SIDE));
    this._coefficients = new Int32Array(SIDE * SIDE);
    this._at = 0;
    this._bits = 0;
    this._bitCount = 0;
    this._lastDc = new Int32Array(3); // of Y, Cb, Cr
  }

  /**
   * @param {Uint8Array} rgb row by row
   * @returns {Uint8Array} a view of the encoder's own buffer, which the next call overwrites
   */
  encode(rgb) {
    this._at = this._header.length;
    this._bits = 0;
    this._bitCount = 0;
    this._lastDc.fill(0);
    for (let y = 0; y < this._height; y += MCU) {
      for (let x = 0; x < this._width; x += MCU) this._unit(rgb, x, y);
    }
    this._put(0x7f, 7); // pads the last byte
    this._bytes[this._at] = 0xff;
    this._bytes[this._at + 1] = 0xd9;
    return this._bytes.subarray(0, this._at + 2);
  }

  /**
   * @param {Uint8Array} rgb
   * @param {number} left
   * @param {number} top
   */
  _unit(rgb, left, top) {
    this._split(rgb, left, top);
    for (let k = 0; k < 4; k += 1) this._block(this._planes[k], 0, 0);
    this._block(this._planes[4], 1, 1);
    this._block(this._planes[5], 2, 1);
  }

  /**
   * Convert one unit to luma and chroma. Beyond the edge, the last pixel repeats.
   * @param {Uint8Array} rgb
   * @param {number} left
   * @param {number} top
   */
  _split(rgb, left, top) {
    const planes = this._planes;
    const blue = planes[4];
    const red = planes[5];
    blue.fill(0);
    red.fill(0);
    const right = this._width - 1;
    const bottom = this._height - 1;
    for (let y = 0; y < MCU; y += 1) {
      const row = this._width * min(top + y, bottom);
      for (let x = 0; x < MCU; x += 1) {
        const i = 3 * (row + min(left + x, right));
        const r = rgb[i];
        const g = rgb[i + 1];
        const b = rgb[i + 2];
        const colour = (y >> 1) * SIDE + (x >> 1);
        const block = planes[2 * (y >> 3) + (x >> 3)];
        block[(y & 7) * SIDE + (x & 7)] = 0.299 * r + 0.587 * g + 0.114 * b - 128;
        blue[colour] += -0.042184 * r - 0.082816 * g + 0.125 * b; // a quarter each of four pixels
        red[colour] += 0.125 * r - 0.104672 * g - 0.020328 * b;
      }
    }
  }

  /**
   * @param {Float32Array} block transformed in place
   * @param {number} component
   * @param {number} plane whose tables to use
   */
  _block(block, component, plane) {
    for (let i = 0; i < SIDE; i += 1) transform(block, SIDE * i, 1);
    for (let i = 0; i < SIDE; i += 1) transform(block, i, SIDE);
    const scales = this._scales[plane];
    const coefficients = this._coefficients;
    let last = 0;
    for (let k = 0; k < 64; k += 1) {
      const value = ((block[ZIGZAG[k]] * scales[k] + ROUNDING) | 0) - 16384;
      coefficients[k] = value;
      if (value !== 0) last = k;
    }
    const { dc, ac } = this._huffman[plane];
    this._number(coefficients[0] - this._lastDc[component], 0, dc);
    this._lastDc[component] = coefficients[0];
    this._rest(last, ac);
  }

  /**
   * @param {number} last index of the last nonzero coefficient
   * @param {{codes: Int32Array, lengths: Uint8Array}} ac
   */
  _rest(last, ac) {
    let zeros = 0;
    for (let k = 1; k <= last; k += 1) {
      const value = this._coefficients[k];
      if (value === 0) {
        zeros += 1;
        continue;
      }
      for (; zeros > 15; zeros -= 16) this._put(ac.codes[SIXTEEN_ZEROS], ac.lengths[SIXTEEN_ZEROS]);
      this._number(value, zeros, ac);
      zeros = 0;
    }
    if (last < 63) this._put(ac.codes[END_OF_BLOCK], ac.lengths[END_OF_BLOCK]);
  }

  /**
   * @param {number} value
   * @param {number} zeros preceding it
   * @param {{codes: Int32Array, lengths: Uint8Array}} table
   */
  _number(value, zeros, { codes, lengths }) {
    const size = 32 - clz32(value < 0 ? -value : value);
    const symbol = 16 * zeros + size;
    this._put(codes[symbol], lengths[symbol]);
    if (size > 0) this._put((value < 0 ? value - 1 : value) & ((1 << size) - 1), size);
  }

  /**
   * @param {number} bits
   * @param {number} count at most 16
   */
  _put(bits, count) {
    this._bits = (this._bits << count) | bits;
    this._bitCount += count;
    while (this._bitCount >= 8) {
      this._bitCount -= 8;
      const byte = (this._bits >> this._bitCount) & 0xff;
      this._bytes[this._at++] = byte;
      if (byte === 0xff) this._bytes[this._at++] = 0; // byte stuffing: 0xff alone would start a marker
    }
  }

  /** @param {number[][]} tables quantization tables */
  _makeHeader(tables) {
    const [w, h] = [this._width, this._height];
    const segment = (/** @type {number} */ marker, /** @type {number[]} */ body) => {
      return [0xff, marker, (body.length + 2) >> 8, (body.length + 2) & 0xff].concat(body);
    };
    const codes = this._huffman.map(({ dc, ac }, plane) =>
      segment(0xc4, [plane].concat(dc.stored)).concat(segment(0xc4, [16 + plane].concat(ac.stored))),
    );
    return Uint8Array.from([
      ...[0xff, 0xd8],
      ...segment(0xe0, [0x4a, 0x46, 0x49, 0x46, 0, 1, 1, 0, 0, 1, 0, 1, 0, 0]),
      ...segment(0xdb, [0].concat(tables[0])),
      ...segment(0xdb, [1].concat(tables[1])),
      ...segment(0xc0, [8, h >> 8, h & 255, w >> 8, w & 255, 3, 1, 0x22, 0, 2, 0x11, 1, 3, 0x11, 1]),
      ...codes[0].concat(codes[1]),
      ...segment(0xda, [3, 1, 0, 2, 0x11, 3, 0x11, 0, 63, 0]),
    ]);
  }
}

/**
 * The factor per coefficient in zigzag order: quantization and the transform's scale.
 * @param {number[]} table
 */
function scalesOf(table) {
  return Float32Array.from(table, (step, k) => {
    const at = ZIGZAG[k];
    return 1 / (8 * step * AAN_SCALES[at >> 3] * AAN_SCALES[at & 7]);
  });
}

module.exports = { JpegEncoder };
