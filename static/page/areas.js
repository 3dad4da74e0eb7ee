/**
 * The zones and lines that the user has put on the picture, and what has been counted at them.
 */

const STORAGE_KEY = 'framewire.areas';
const MOST = 4; // of each kind; more would be hard to tell apart
const SHAPES = {
  // From the first point to the second, left is left on the screen.
  line: [[0.5, 0.9], [0.5, 0.1]],
  zone: [[0.08, 0.2], [0.42, 0.2], [0.42, 0.8], [0.08, 0.8]],
};
const ASIDE = {
  // Where the second, third and fourth lie beside the first: on it, nobody would see a new one.
  line: [[0, 0], [0.25, 0], [-0.25, 0], [0.4, 0]],
  zone: [[0, 0], [0.5, 0], [0.25, 0.15], [0.3, -0.15]],
};
const ARROWS = [...'→↘↓↙←↖↑↗']; // clockwise, as angles grow on the screen
const POINTS = { line: 2, zone: 4 };

export class Areas {
  /** @param {Storage|null} storage for the areas; null if the browser forbids it */
  constructor(storage) {
    this._storage = storage;
    this._areas = load(storage);
    this._crossed = new Map(); // {left, right} by line
    this._inside = new Map(); // how many, by zone
  }

  /** @returns {{name, kind, number, points, left?, right?, inside?}[]} all areas, with their counts */
  list() {
    return this._areas.map(({ kind, number, points }) => {
      const name = nameOf(kind, number);
      const counts = kind === 'line' ? this._crossed.get(name) : { inside: this._inside.get(name) || 0 };
      return { name, kind, number, points, ...(counts || { left: 0, right: 0 }) };
    });
  }

  /** Whether there is room for another one. */
  hasRoom(kind) {
    return this._areas.filter((area) => area.kind === kind).length < MOST;
  }

  /** Add a line or a zone where no other one has been added. */
  add(kind) {
    if (!this.hasRoom(kind)) return;
    const taken = this._areas.filter((area) => area.kind === kind).map(({ number }) => number);
    const number = [1, 2, 3, 4].find((free) => !taken.includes(free));
    const [x, y] = ASIDE[kind][number - 1];
    this._areas.push({ kind, number, points: SHAPES[kind].map((point) => [point[0] + x, point[1] + y]) });
    this._save();
  }

  /** Move a point to [x, y], in 0..1 of the picture; elsewhere it stays at the edge. */
  move(name, index, point) {
    const area = this._areas.find(({ kind, number }) => nameOf(kind, number) === name);
    area.points[index] = point.map((side) => Math.max(0, Math.min(1, side)));
    this._save();
  }

  remove(name) {
    this._areas = this._areas.filter(({ kind, number }) => nameOf(kind, number) !== name);
    this._crossed.delete(name);
    this._save();
  }

  /** @returns {{zones: object, lines: object}} the session's options */
  options() {
    const named = (kind) =>
      Object.fromEntries(
        this._areas
          .filter((area) => area.kind === kind && hasExtent(area))
          .map(({ number, points }) => [nameOf(kind, number), points.map((point) => [...point])]),
      );
    return { zones: named('zone'), lines: named('line') };
  }

  /** Count what happened by a result. */
  update({ events = [], counts = [] }) {
    for (const { kind, line, to } of events) {
      if (kind !== 'cross') continue;
      const { left, right } = this._crossed.get(line) || { left: 0, right: 0 };
      this._crossed.set(line, to === 'left' ? { left: left + 1, right } : { left, right: right + 1 });
    }
    this._inside.clear();
    for (const { zone, count } of counts) this._inside.set(zone, (this._inside.get(zone) || 0) + count);
  }

  _save() {
    if (this._storage) this._storage.setItem(STORAGE_KEY, JSON.stringify(this._areas));
  }
}

/**
 * Where the two sides of a line are on the screen, whichever way it lies.
 * @param {number[][]} points in 0..1 of the picture
 * @param {{width: number, height: number}} picture in pixels
 * @returns {{toLeft: string, toRight: string}} arrows
 */
export function arrows([[x0, y0], [x1, y1]], { width, height }) {
  const left = Math.atan2((x0 - x1) * width, (y1 - y0) * height);
  const eighth = Math.round(left / (Math.PI / 4)) + ARROWS.length;
  const arrow = (turned) => ARROWS[(eighth + turned) % ARROWS.length];
  return { toLeft: arrow(0), toRight: arrow(ARROWS.length / 2) };
}

/** Whether there is something to cross or enter: points that lie on one another are too few. */
function hasExtent({ kind, points }) {
  return new Set(points.map(String)).size >= (kind === 'line' ? 2 : 3);
}

function nameOf(kind, number) {
  return `${kind} ${number}`;
}

/** The areas of the last visit, as far as they can be read. */
function load(storage) {
  try {
    const areas = JSON.parse((storage && storage.getItem(STORAGE_KEY)) || '[]');
    return Array.isArray(areas) ? areas.filter(isArea) : [];
  } catch (error) {
    return [];
  }
}

function isArea(area) {
  if (!area || !Array.isArray(area.points) || !Number.isInteger(area.number)) return false;
  const isSide = (side) => side >= 0 && side <= 1;
  const isPoint = (point) => Array.isArray(point) && point.length === 2 && point.every(isSide);
  return area.points.length === POINTS[area.kind] && area.points.every(isPoint);
}
