// Generated from static/tasks/heat-map.js by `make miniprogram`; do not edit.
'use strict';

/** Heat maps: colours for a map's values, and the scale that explains them. */

const { hexBytes } = require('./colours.js');

/** From low to high, ever lighter, so that the order shows without seeing hues. */
const STOPS = ['#120f33', '#4c1c86', '#a12a83', '#e2584f', '#f8a63d', '#fbf3b4'];
const LEVELS = 256;
const PALETTE = Array.from({ length: LEVELS }, (_, level) => between(level / (LEVELS - 1)));

/**
 * @param {import('../client/lib/core/types.js').DenseMap} map
 * @param {Partial<import('../client/lib/core/types.js').Model>|null} model as the welcome has it
 * @returns {import('./types.js').Scale} the values at the ends of the scale, with their unit
 */
function readScale({ low, high }, model) {
  const unit = model && model.unit ? ` ${model.unit}` : '';
  const [from, to] = rounded(low, high);
  return { low: `${from}${unit}`, high: `${to}${unit}` };
}

/**
 * @param {import('../client/lib/core/types.js').DenseMap} map
 * @returns {Uint8ClampedArray} red, green, blue and alpha of each pixel, row by row
 */
function heatPixels({ width, height, levels }) {
  const pixels = new Uint8ClampedArray(4 * width * height);
  const count = Math.min(levels.length, width * height);
  for (let i = 0; i < count; i += 1) {
    pixels.set(PALETTE[levels[i]], 4 * i);
    pixels[4 * i + 3] = 255;
  }
  return pixels;
}

/** The scale as a CSS image, low to the left. */
function scaleImage() {
  return `linear-gradient(90deg, ${STOPS.join(', ')})`;
}

/**
 * The colour of a part, 0 to 1, of the scale.
 * @param {number} part
 */
function between(part) {
  const place = part * (STOPS.length - 1);
  const left = Math.min(Math.floor(place), STOPS.length - 2);
  const [from, to] = [STOPS[left], STOPS[left + 1]].map(hexBytes);
  return from.map((byte, i) => Math.round(byte + (to[i] - byte) * (place - left)));
}

/**
 * Both with three digits of the larger, so that the scale does not claim more than it shows.
 * @param {number} low
 * @param {number} high
 */
function rounded(low, high) {
  const largest = Math.max(Math.abs(low), Math.abs(high));
  const exponent = largest > 0 ? Math.floor(Math.log10(largest)) - 2 : 0;
  return [low, high].map((value) => {
    const steps = Math.round(value / 10 ** exponent);
    return Number(`${steps}e${exponent}`);
  });
}

module.exports = { readScale, heatPixels, scaleImage };
