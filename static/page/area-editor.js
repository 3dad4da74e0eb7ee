/**
 * Puts zones and lines on the picture: buttons that add them, a list with their counts, and a handle
 * for each point, which mouse, finger and arrow keys move.
 */

import { arrows } from './areas.js';
import { setText } from './notice.js';

const STEPS = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] };
const STEP = 0.02;

export class AreaEditor {
  /**
   * @param {object} parts
   * @param {function(string): HTMLElement} parts.element by id
   * @param {Language} parts.language
   * @param {Areas} parts.areas
   * @param {function()} parts.onMove a point moves
   * @param {function()} parts.onChange an area is new, gone, or has come to rest
   */
  constructor({ element, language, areas, onMove, onChange }) {
    this._element = element;
    this._language = language;
    this._areas = areas;
    this._onMove = onMove;
    this._onChange = onChange;
    this._placed = '';
    this._picture = { width: 1, height: 1 }; // in CSS pixels
    for (const kind of ['line', 'zone']) {
      element(`add-${kind}`).addEventListener('click', () => this._add(kind));
    }
  }

  /** Show the option, if boxes can be tracked. */
  enable(isPossible) {
    this._element('areas-section').hidden = !isPossible;
    this._element('handles').hidden = !isPossible;
  }

  /** Lay the handles over the picture, which is at `rect` on the stage, in CSS pixels. */
  place({ x, y, width, height }) {
    const placed = [x, y, width, height].join();
    if (placed === this._placed) return;
    this._placed = placed;
    this._picture = { width, height };
    const { style } = this._element('handles');
    [style.left, style.top] = [`${x}px`, `${y}px`];
    [style.width, style.height] = [`${width}px`, `${height}px`];
  }

  /** The areas or the language have changed. */
  show() {
    const areas = this._areas.list();
    this._element('areas').replaceChildren(...areas.map((area) => this._row(area)));
    this._element('handles').replaceChildren(...areas.flatMap((area) => this._handles(area)));
    this._element('areas-none').hidden = areas.length > 0;
    for (const kind of ['line', 'zone']) this._element(`add-${kind}`).disabled = !this._areas.hasRoom(kind);
    this.count();
  }

  /** The counts have changed. */
  count() {
    for (const area of this._areas.list()) {
      const place = this._element('areas').querySelector(`[data-area="${area.name}"] .count`);
      if (place) setText(place, this._counted(area));
    }
  }

  /** An area's name, for people. */
  title({ kind, number }) {
    return this._language.text(`areas.${kind}`, { number });
  }

  _counted(area) {
    if (area.kind === 'zone') return this._language.text('areas.inside', area);
    return this._language.text('areas.crossed', { ...area, ...arrows(area.points, this._picture) });
  }

  _add(kind) {
    this._areas.add(kind);
    this._changed();
    const handles = this._element('handles').querySelectorAll('button');
    if (handles.length > 0) handles[handles.length - 1].focus();
  }

  /** The focus goes on to the next area: its button has gone with this one. */
  _remove({ name, kind }) {
    const place = this._areas.list().findIndex((area) => area.name === name);
    this._areas.remove(name);
    this._changed();
    const buttons = this._element('areas').querySelectorAll('button');
    const next = buttons[Math.min(place, buttons.length - 1)] || this._element(`add-${kind}`);
    next.focus();
  }

  _changed() {
    this.show();
    this._onChange();
  }

  _row(area) {
    const row = document.createElement('li');
    row.dataset.area = area.name;
    const [title, count, remove] = ['span', 'span', 'button'].map((tag) => document.createElement(tag));
    title.textContent = this.title(area);
    count.className = 'count';
    remove.type = 'button';
    remove.className = 'quiet';
    remove.textContent = '×';
    remove.setAttribute('aria-label', this._language.text('areas.remove', { name: this.title(area) }));
    remove.addEventListener('click', () => this._remove(area));
    row.append(title, count, remove);
    return row;
  }

  _handles(area) {
    return area.points.map((point, index) => {
      const handle = document.createElement('button');
      handle.type = 'button';
      handle.className = 'handle';
      const values = { name: this.title(area), number: index + 1 };
      handle.setAttribute('aria-label', this._language.text('areas.point', values));
      put(handle, point);
      this._wire(handle, area.name, index);
      return handle;
    });
  }

  _wire(handle, name, index) {
    const at = () => this._areas.list().find((area) => area.name === name).points[index];
    const move = (point) => {
      this._areas.move(name, index, point);
      put(handle, at());
      this.count(); // the sides of a line have turned with it
      this._onMove();
    };
    handle.addEventListener('keydown', (event) => {
      const step = STEPS[event.key];
      if (!step) return;
      event.preventDefault();
      move(at().map((side, axis) => side + STEP * step[axis]));
      this._onChange();
    });
    handle.addEventListener('pointerdown', (event) => handle.setPointerCapture(event.pointerId));
    handle.addEventListener('pointermove', (event) => {
      if (handle.hasPointerCapture(event.pointerId)) move(this._within(event));
    });
    handle.addEventListener('lostpointercapture', () => this._onChange());
  }

  /** Where a pointer is, in 0..1 of the picture. */
  _within({ clientX, clientY }) {
    const { left, top, width, height } = this._element('handles').getBoundingClientRect();
    return [(clientX - left) / width, (clientY - top) / height];
  }
}

function put(handle, [x, y]) {
  handle.style.left = `${100 * x}%`;
  handle.style.top = `${100 * y}%`;
}
