// Generated from static/tasks/label-placement.js by `make miniprogram`; do not edit.
'use strict';

/**
 * Where the labels of boxes go: beside their boxes, without covering one another, and over other
 * boxes only where there is no better place.
 *
 * Rectangles are {x, y, width, height} in CSS pixels.
 */

/** @typedef {import('../client/lib/core/types.js').Rect} Rect */
/** @typedef {import('./types.js').Label} Label */
/** @typedef {import('./types.js').LabelPlace} LabelPlace */

const GAP = 2; // between a box and its label
const ROWS = 24; // boxes within this many pixels count as one row of the picture
const OWN = 0.5; // how much covering the labelled box itself counts, compared with other boxes
const DISTANCE = 4; // what each less usual place costs, in square pixels per pixel of width

/**
 * @param {Label[]} labels
 * @param {number} height of every label
 * @param {Rect} bounds of the picture
 * @returns {(LabelPlace|null)[]} in the order of `labels`; null where there is no room
 */
function placeLabels(labels, height, bounds) {
  /** @type {Rect[]} */
  const placed = [];
  /** @type {(LabelPlace|null)[]} */
  const places = labels.map(() => null);
  for (const i of order(labels)) {
    const place = placeOf(labels, i, height, bounds, placed);
    if (!place) continue;
    places[i] = place;
    placed.push({ ...place, height });
  }
  return places;
}

/**
 * From above to below and left to right: an order that hardly changes from frame to frame.
 * @param {Label[]} labels
 */
function order(labels) {
  const keys = labels.map(({ box, isFirst }) => [isFirst ? -1 : Math.floor(box.y / ROWS), box.x]);
  return labels.map((_, i) => i).sort((a, b) => keys[a][0] - keys[b][0] || keys[a][1] - keys[b][1]);
}

/**
 * The best place at the first width that fits anywhere.
 * @param {Label[]} labels
 * @param {number} i
 * @param {number} height
 * @param {Rect} bounds
 * @param {Rect[]} placed the labels before
 * @returns {LabelPlace|null}
 */
function placeOf(labels, i, height, bounds, placed) {
  const { box, widths } = labels[i];
  for (const width of widths) {
    const places = candidates(box, width, height, bounds).filter(
      (place) => isInside(place, bounds) && !placed.some((other) => overlap(place, other) > 0),
    );
    const costs = places.map((place) => cost(place, labels, i));
    if (places.length > 0) {
      const { x, y } = places[costs.indexOf(Math.min(...costs))];
      return { x, y, width };
    }
  }
  return null;
}

/**
 * Around the box, the most usual place first, and last within it.
 * @param {Rect} box
 * @param {number} width
 * @param {number} height
 * @param {Rect} bounds
 */
function candidates(box, width, height, bounds) {
  const [right, bottom] = [box.x + box.width, box.y + box.height];
  const within = (/** @type {number} */ x) => Math.max(bounds.x, Math.min(x, bounds.x + bounds.width - width));
  const [above, below] = [box.y - height - GAP, bottom + GAP];
  const [left, end] = [within(box.x), within(right - width)];
  const places = [
    [left, above],
    [end, above],
    [left, below],
    [end, below],
    [right + GAP, box.y],
    [box.x - width - GAP, box.y],
    [left, box.y + GAP],
    [left, bottom - height - GAP],
  ];
  return places.map(([x, y], rank) => ({ x, y, width, height, rank }));
}

/**
 * @param {Rect & {rank: number}} place
 * @param {Label[]} labels
 * @param {number} own
 */
function cost(place, labels, own) {
  const covered = labels.reduce((sum, { box }, i) => sum + (i === own ? OWN : 1) * overlap(place, box), 0);
  return covered + DISTANCE * place.width * place.rank * 0.1;
}

/**
 * @param {Rect} place
 * @param {Rect} bounds
 */
function isInside(place, bounds) {
  return (
    place.x >= bounds.x &&
    place.y >= bounds.y &&
    place.x + place.width <= bounds.x + bounds.width &&
    place.y + place.height <= bounds.y + bounds.height
  );
}

/**
 * @param {Rect} a
 * @param {Rect} b
 * @returns {number} the area that two rectangles have in common
 */
function overlap(a, b) {
  const width = Math.min(a.x + a.width, b.x + b.width) - Math.max(a.x, b.x);
  const height = Math.min(a.y + a.height, b.y + b.height) - Math.max(a.y, b.y);
  return width > 0 && height > 0 ? width * height : 0;
}

/**
 * The box under a point: of those around it, the smallest.
 * @param {Rect[]} boxes
 * @param {{x: number, y: number}} point
 * @returns {number} its index, or -1
 */
function boxAt(boxes, { x, y }) {
  let best = -1;
  boxes.forEach((box, i) => {
    const isAround = x >= box.x && y >= box.y && x <= box.x + box.width && y <= box.y + box.height;
    if (!isAround) return;
    if (best < 0 || box.width * box.height < boxes[best].width * boxes[best].height) best = i;
  });
  return best;
}

module.exports = { placeLabels, overlap, boxAt };
