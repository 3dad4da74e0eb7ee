/** A text as the codewords of a QR code: its bytes, padding and error correction, interleaved. */

import { correction } from './correction.js';

const BYTES = 0b0100; // the mode
const PADDING = [0xec, 0x11];
const LONG_COUNT_FROM = 10; // the version from which the length has two bytes

// Level L of ISO/IEC 18004, by version: blocks, and bytes of error correction in each.
const BLOCKS = [1, 1, 1, 1, 1, 2, 2, 2, 2, 4, 4, 4, 4, 4, 6, 6, 6, 6, 7, 8];
const CORRECTION = [7, 10, 15, 20, 26, 18, 20, 24, 30, 18, 20, 24, 26, 30, 22, 24, 28, 30, 28, 28];

export const HIGHEST_VERSION = BLOCKS.length;

/**
 * @param {Uint8Array} bytes
 * @param {number} version
 * @param {number} total how many codewords the version has
 * @returns {number[]|null} null if the bytes do not fit
 */
export function codewords(bytes, version, total) {
  const [blocks, extra] = [BLOCKS[version - 1], CORRECTION[version - 1]];
  const data = padded(bytes, version, total - blocks * extra);
  return data && interleaved(split(data, blocks), extra);
}

function padded(bytes, version, capacity) {
  const count = version < LONG_COUNT_FROM ? 8 : 16;
  const bits = [...binary(BYTES, 4), ...binary(bytes.length, count)];
  for (const byte of bytes) bits.push(...binary(byte, 8));
  if (bits.length > 8 * capacity) return null;
  bits.push(...new Array(Math.min(4, 8 * capacity - bits.length)).fill(0));
  while (bits.length % 8 > 0) bits.push(0);
  const data = [];
  for (let i = 0; i < bits.length; i += 8) data.push(parseInt(bits.slice(i, i + 8).join(''), 2));
  for (let i = 0; data.length < capacity; i += 1) data.push(PADDING[i % 2]);
  return data;
}

/** Blocks of about the same length; the last ones may be longer by a byte. */
function split(data, count) {
  const shorter = Math.floor(data.length / count);
  const firstLonger = count - (data.length % count);
  const blocks = [];
  for (let i = 0, at = 0; i < count; i += 1) {
    const length = shorter + (i >= firstLonger ? 1 : 0);
    blocks.push(data.slice(at, at + length));
    at += length;
  }
  return blocks;
}

function interleaved(blocks, extra) {
  return [...inTurn(blocks), ...inTurn(blocks.map((block) => correction(block, extra)))];
}

function inTurn(blocks) {
  const longest = Math.max(...blocks.map(({ length }) => length));
  const all = [];
  for (let i = 0; i < longest; i += 1) {
    for (const block of blocks) if (i < block.length) all.push(block[i]);
  }
  return all;
}

/** @returns {number[]} the lowest bits of a number, highest first */
export function binary(number, count) {
  return Array.from({ length: count }, (_, i) => (number >> (count - 1 - i)) & 1);
}
