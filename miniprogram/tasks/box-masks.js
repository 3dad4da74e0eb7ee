// Generated from static/tasks/box-masks.js by `make miniprogram`; do not edit.
'use strict';

/** The masks of boxes: the part of each box that its object covers. */

/** @typedef {import('../client/lib/core/types.js').BoxMask} BoxMask */
/** @typedef {import('../client/lib/core/types.js').Rect} Rect */

/**
 * Fill a mask.
 * @param {import('./types.js').Pen} context in CSS pixels
 * @param {Rect} rect of the box
 * @param {BoxMask} mask
 */
function fillMask(context, rect, mask) {
  // One path for all rows: filled one by one, they would leave lines between them.
  context.beginPath();
  for (const { x, y, width, height } of rectsOf(mask)) {
    const [left, top] = [rect.x + (x / mask.width) * rect.width, rect.y + (y / mask.height) * rect.height];
    context.rect(left, top, (width / mask.width) * rect.width, (height / mask.height) * rect.height);
  }
  context.fill();
}

/**
 * The cells inside, as few rectangles: a run that continues in the next row does not end with its
 * own, and equal rows are one.
 * @param {BoxMask} mask
 * @returns {Rect[]} in cells
 */
function rectsOf({ width, height, runs }) {
  /** @type {Rect[]} */
  const rects = [];
  /** @type {Map<string, Rect>} */
  let above = new Map();
  /** @type {Map<string, Rect>} */
  let row = new Map();
  let y = 0;
  for (const span of spansOf(width, height, runs)) {
    if (span.y !== y) [above, row, y] = [span.y === y + 1 ? row : new Map(), new Map(), span.y];
    const key = `${span.x} ${span.width}`;
    const same = above.get(key);
    if (same) same.height += 1;
    else rects.push(span);
    row.set(key, same || span);
  }
  return rects;
}

/**
 * @param {number} width
 * @param {number} height
 * @param {number[]} runs
 */
function* spansOf(width, height, runs) {
  const end = width * height;
  let at = 0;
  for (let i = 0; i < runs.length; i += 1) {
    const next = Math.min(end, at + runs[i]);
    while (i % 2 === 1 && at < next) {
      const y = Math.floor(at / width);
      const length = Math.min(next, (y + 1) * width) - at;
      yield { x: at % width, y, width: length, height: 1 };
      at += length;
    }
    at = next;
  }
}

module.exports = { fillMask, rectsOf };
