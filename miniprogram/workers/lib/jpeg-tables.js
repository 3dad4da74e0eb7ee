// Generated from client/lib/jpeg-tables.js by `make miniprogram`; do not edit.
/** Tables of baseline JPEG: the zigzag order, and the example tables of the standard's annex K. */
'use strict';

/** Quantization at quality 50, in zigzag order: luma, chroma. */
const QUANTIZATION = [
  [
    16, 11, 12, 14, 12, 10, 16, 14, 13, 14, 18, 17, 16, 19, 24, 40, 26, 24, 22, 22, 24, 49, 35, 37,
    29, 40, 58, 51, 61, 60, 57, 51, 56, 55, 64, 72, 92, 78, 64, 68, 87, 69, 55, 56, 80, 109, 81, 87,
    95, 98, 103, 104, 103, 62, 77, 113, 121, 112, 100, 120, 92, 101, 103, 99,
  ],
  [17, 18, 18, 24, 21, 24, 47, 26, 26, 47, 99, 66, 56, 66].concat(new Array(50).fill(99)),
];

/** In hex: the number of codes of each length from 1 to 16 bits, and their symbols, shortest first. */
const HUFFMAN = {
  dc: [
    ['00010501010101010100000000000000', '000102030405060708090a0b'],
    ['00030101010101010101010000000000', '000102030405060708090a0b'],
  ],
  ac: [
    [
      '0002010303020403050504040000017d',
      '01020300041105122131410613516107227114328191a1082342b1c11552d1f024336272' +
        '82090a161718191a25262728292a3435363738393a434445464748494a53545556575859' +
        '5a636465666768696a737475767778797a838485868788898a92939495969798999aa2a3' +
        'a4a5a6a7a8a9aab2b3b4b5b6b7b8b9bac2c3c4c5c6c7c8c9cad2d3d4d5d6d7d8d9dae1e2' +
        'e3e4e5e6e7e8e9eaf1f2f3f4f5f6f7f8f9fa',
    ],
    [
      '00020102040403040705040400010277',
      '000102031104052131061241510761711322328108144291a1b1c109233352f0156272d1' +
        '0a162434e125f11718191a262728292a35363738393a434445464748494a535455565758' +
        '595a636465666768696a737475767778797a82838485868788898a92939495969798999a' +
        'a2a3a4a5a6a7a8a9aab2b3b4b5b6b7b8b9bac2c3c4c5c6c7c8c9cad2d3d4d5d6d7d8d9da' +
        'e2e3e4e5e6e7e8e9eaf2f3f4f5f6f7f8f9fa',
    ],
  ],
};

/**
 * @param {string} hex
 * @returns {number[]}
 */
function bytes(hex) {
  return (hex.match(/../g) || []).map((pair) => parseInt(pair, 16));
}

/** @returns {Uint8Array} the position in a block of 8 x 8 of each coefficient in zigzag order */
function zigzag() {
  const order = new Uint8Array(64);
  for (let diagonal = 0, k = 0; diagonal < 15; diagonal += 1) {
    const from = Math.max(0, diagonal - 7);
    const to = Math.min(7, diagonal);
    for (let i = from; i <= to; i += 1, k += 1) {
      const row = diagonal % 2 ? i : diagonal - i;
      order[k] = 8 * row + (diagonal - row);
    }
  }
  return order;
}

/**
 * @param {number} quality 1 to 100
 * @returns {number[][]} quantization in zigzag order: luma, chroma
 */
function quantization(quality) {
  const scale = quality < 50 ? 5000 / quality : 200 - 2 * quality;
  const scaled = (/** @type {number} */ value) => {
    return Math.max(1, Math.min(255, Math.floor((value * scale + 50) / 100)));
  };
  return QUANTIZATION.map((table) => table.map(scaled));
}

/**
 * @param {'dc'|'ac'} kind
 * @param {0|1} plane 0: luma, 1: chroma
 * @returns {{stored: number[], codes: Int32Array, lengths: Uint8Array}} the table as a file stores it,
 *   and each symbol's code and its length in bits
 */
function huffman(kind, plane) {
  const [counts, symbols] = HUFFMAN[kind][plane].map(bytes);
  const codes = new Int32Array(256);
  const lengths = new Uint8Array(256);
  let code = 0;
  let next = 0;
  counts.forEach((count, i) => {
    for (let k = 0; k < count; k += 1, next += 1, code += 1) {
      codes[symbols[next]] = code;
      lengths[symbols[next]] = i + 1;
    }
    code *= 2;
  });
  return { stored: counts.concat(symbols), codes, lengths };
}

module.exports = { ZIGZAG: zigzag(), quantization, huffman };
