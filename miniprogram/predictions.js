/** What a result says, whatever the model's task. */
'use strict';

const MOST_CLASSES = 5;

/** @typedef {{index: number, name: string, score: number, box: number[]|null}} Finding */

/**
 * @param {Partial<import('./client/lib/index').Result>} result
 * @param {string[]} labels the model's
 * @param {number} minScore 0 to 1
 * @returns {Finding[]} best first; without `box` for classification, none for bare tensors
 */
function findings({ boxes, classes, scores }, labels, minScore) {
  if (!classes || !scores) return [];
  const all = classes.map((index, i) => ({
    index,
    name: labels[index] === undefined ? String(index) : labels[index],
    score: scores[i],
    box: boxes ? boxes[i] : null,
  }));
  const found = all.filter(({ score }) => score >= minScore).sort((a, b) => b.score - a.score);
  return boxes ? found : found.slice(0, MOST_CLASSES);
}

/** @param {number} score 0 to 1 */
function percent(score) {
  return `${Math.round(100 * score)}%`;
}

/** A class's own colour, in a form that every phone's canvas reads. @param {number} index */
function classColour(index) {
  const round = Math.floor(index / 10) % 2;
  const hue = (158 + 108 * index + 18 * round) % 360;
  return fromHsl(hue, 0.82, round ? 0.76 : 0.62);
}

/** @param {number} hue degrees @param {number} saturation @param {number} light */
function fromHsl(hue, saturation, light) {
  const reach = saturation * Math.min(light, 1 - light);
  const channel = (/** @type {number} */ n) => {
    const k = (n + hue / 30) % 12;
    const value = light - reach * Math.max(-1, Math.min(k - 3, 9 - k, 1));
    return `0${Math.round(255 * value).toString(16)}`.slice(-2);
  };
  return `#${channel(0)}${channel(8)}${channel(4)}`;
}

module.exports = { findings, percent, classColour };
