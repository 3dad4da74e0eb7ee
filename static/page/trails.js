/** The paths of tracked objects over the last moments. */

const SPAN_MS = 1500;

export class Trails {
  constructor() {
    this._trails = new Map(); // {kind, points: {at, x, y}[]} by id
  }

  clear() {
    this._trails.clear();
  }

  /** Take in a result. */
  update({ restarted, captured_at: at, boxes = [], classes = [], ids = [] }) {
    if (restarted) this.clear();
    boxes.forEach(([x0, y0, x1, y1], i) => {
      if (typeof ids[i] !== 'number') return;
      const trail = this._trails.get(ids[i]) || { points: [] };
      trail.kind = classes[i];
      trail.points.push({ at, x: (x0 + x1) / 2, y: (y0 + y1) / 2 });
      this._trails.set(ids[i], trail);
    });
    for (const [id, { points }] of this._trails) {
      while (points.length > 0 && points[0].at < at - SPAN_MS) points.shift();
      if (points.length === 0) this._trails.delete(id);
    }
  }

  /** @returns {{kind: number, points: {x, y}[]}[]} oldest point first */
  list() {
    return [...this._trails.values()].filter(({ points }) => points.length > 1);
  }
}
