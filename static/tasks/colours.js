/** The colours of classes, as CSS and as bytes. */

/**
 * A class's own colour, as #rrggbb: ten distant hues, then ten paler ones in between.
 * @param {number} index
 */
export function classColour(index) {
  return `#${hslBytes(hslOf(index)).map(hexOf).join('')}`;
}

/**
 * @param {number} index of a class
 * @param {string[]} [palette] the model's own colours, as #rrggbb
 * @returns {string} a CSS colour
 */
export function paletteColour(index, palette = []) {
  return palette[index] || classColour(index);
}

/**
 * @param {number} index of a class
 * @param {string[]} [palette] the model's own colours, as #rrggbb
 * @returns {number[]} red, green and blue of `paletteColour`, each 0 to 255
 */
export function paletteBytes(index, palette = []) {
  return palette[index] ? hexBytes(palette[index]) : hslBytes(hslOf(index));
}

/** @param {string} colour #rrggbb */
export function hexBytes(colour) {
  return [1, 3, 5].map((at) => parseInt(colour.slice(at, at + 2), 16));
}

/** @param {number} byte */
function hexOf(byte) {
  return `0${byte.toString(16)}`.slice(-2);
}

/** @param {number} index */
function hslOf(index) {
  const round = Math.floor(index / 10) % 2;
  return [(158 + 108 * index + 18 * round) % 360, 82, round ? 78 : 66];
}

/** @param {number[]} colour */
function hslBytes([hue, saturation, lightness]) {
  const light = lightness / 100;
  const reach = (saturation / 100) * Math.min(light, 1 - light);
  return [0, 8, 4].map((n) => {
    const k = (n + hue / 30) % 12;
    return Math.round(255 * (light - reach * Math.max(-1, Math.min(k - 3, 9 - k, 1))));
  });
}
