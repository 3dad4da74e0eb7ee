/** Masks: the classes that a segmentation found, and the pixels to lay over the frame. */

import { paletteBytes, paletteColour } from './colours.js';
import { className } from './names.js';

/** @typedef {import('../client/types.js').Masks} Masks */
/** @typedef {Partial<import('../client/types.js').Model>} Model */

/**
 * The legend of a result's masks.
 *
 * @param {Masks} masks
 * @param {Model|null} model as the welcome has it
 * @returns {import('./types.js').Legend[]} the classes present but for the background, largest first
 */
export function readMasks(masks, model) {
  const { labels = [], palette } = model || {};
  /** @type {Map<number, number>} */
  const areas = new Map();
  for (const [index, length] of runsOf(masks)) areas.set(index, (areas.get(index) || 0) + length);
  return [...areas]
    .filter(([index, area]) => area > 0 && !isBackground(index, labels))
    .sort(([, a], [, b]) => b - a)
    .map(([index, area]) => ({
      index,
      name: className(index, labels),
      colour: paletteColour(index, palette),
      share: area / (masks.width * masks.height),
    }));
}

/**
 * @param {Masks} masks
 * @param {Model|null} model as the welcome has it
 * @returns {Uint8ClampedArray} red, green, blue and alpha of each pixel, row by row; the background
 *   is transparent
 */
export function maskPixels(masks, model) {
  const { labels = [], palette } = model || {};
  // A run is filled at once: pixel by pixel would take too long for large masks.
  const pixels = new Uint32Array(masks.width * masks.height);
  let at = 0;
  for (const [index, length] of runsOf(masks)) {
    if (!isBackground(index, labels)) pixels.fill(packed(paletteBytes(index, palette)), at, at + length);
    at += length;
  }
  return new Uint8ClampedArray(pixels.buffer);
}

/**
 * Without names, class 0 is taken for the background, as is usual.
 * @param {number} index
 * @param {string[]} labels
 */
export function isBackground(index, labels) {
  if (labels.length === 0) return index === 0;
  return /^_*(background|背景)_*$/i.test(labels[index] || '');
}

/**
 * @param {Masks} masks
 * @returns {Generator<[number, number]>}
 */
function* runsOf({ runs }) {
  for (let i = 0; i + 1 < runs.length; i += 2) yield [runs[i], runs[i + 1]];
}

/**
 * A pixel as one number, in the machine's byte order.
 * @param {number[]} bytes
 */
function packed(bytes) {
  return new Uint32Array(Uint8Array.of(...bytes, 255).buffer)[0];
}
