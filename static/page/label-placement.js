/**
 * Where the labels of boxes go: beside their boxes, without covering one another, and over other
 * boxes only where there is no better place.
 *
 * Rectangles are {x, y, width, height} in CSS pixels.
 */

const GAP = 2; // between a box and its label
const ROWS = 24; // boxes within this many pixels count as one row of the picture
const OWN = 0.5; // how much covering the labelled box itself counts, compared with other boxes
const DISTANCE = 4; // what each less usual place costs, in square pixels per pixel of width

/**
 * @param {{box: object, widths: number[], isFirst?: boolean}[]} labels each with the widths that it
 *   may have, the best first. `isFirst`: placed before the others, which make way
 * @param {number} height of every label
 * @param {object} bounds of the picture
 * @returns {({x: number, y: number, width: number}|null)[]} in the order of `labels`; null where
 *   there is no room
 */
export function placeLabels(labels, height, bounds) {
  const placed = [];
  const places = labels.map(() => null);
  for (const i of order(labels)) {
    const place = placeOf(labels, i, height, bounds, placed);
    if (!place) continue;
    places[i] = place;
    placed.push({ ...place, height });
  }
  return places;
}

/** From above to below and left to right: an order that hardly changes from frame to frame. */
function order(labels) {
  const keys = labels.map(({ box, isFirst }) => [isFirst ? -1 : Math.floor(box.y / ROWS), box.x]);
  return labels.map((_, i) => i).sort((a, b) => keys[a][0] - keys[b][0] || keys[a][1] - keys[b][1]);
}

/** The best place at the first width that fits anywhere. */
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

/** Around the box, the most usual place first, and last within it. */
function candidates(box, width, height, bounds) {
  const [right, bottom] = [box.x + box.width, box.y + box.height];
  const within = (x) => Math.max(bounds.x, Math.min(x, bounds.x + bounds.width - width));
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

function cost(place, labels, own) {
  const covered = labels.reduce((sum, { box }, i) => sum + (i === own ? OWN : 1) * overlap(place, box), 0);
  return covered + DISTANCE * place.width * place.rank * 0.1;
}

function isInside(place, bounds) {
  return (
    place.x >= bounds.x &&
    place.y >= bounds.y &&
    place.x + place.width <= bounds.x + bounds.width &&
    place.y + place.height <= bounds.y + bounds.height
  );
}

/** @returns {number} the area that two rectangles have in common */
export function overlap(a, b) {
  const width = Math.min(a.x + a.width, b.x + b.width) - Math.max(a.x, b.x);
  const height = Math.min(a.y + a.height, b.y + b.height) - Math.max(a.y, b.y);
  return width > 0 && height > 0 ? width * height : 0;
}

/** The label under a point: of the boxes around it, the smallest. @returns {number} or -1 */
export function boxAt(boxes, { x, y }) {
  let best = -1;
  boxes.forEach((box, i) => {
    const isAround = x >= box.x && y >= box.y && x <= box.x + box.width && y <= box.y + box.height;
    if (!isAround) return;
    if (best < 0 || box.width * box.height < boxes[best].width * boxes[best].height) best = i;
  });
  return best;
}
