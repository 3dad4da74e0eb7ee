/** A chart over time: stacked areas, or bands between percentiles. A pointer or the keys read it. */

import { nearest, runs, stack, ticks, timeTicks } from './axes.js';
import { area, html, line, svg } from './svg.js';

const HEIGHT = 190;
const MARGIN = { left: 46, right: 10, top: 8, bottom: 22 };
/** Seconds without a sample that leave a gap. */
const GAP_S = 12;

export class TimeChart {
  /**
   * @param {HTMLElement} host
   * @param {object} options
   * @param {string[]} options.series their CSS classes, the lowest first
   * @param {'stack'|'bands'} options.kind
   * @param {function(number): string} options.format a value for people
   * @param {function(number): string} options.tick a round value on the axis
   * @param {function(string): string} options.name a series for people
   * @param {function(number): string} options.ago a time for people
   */
  constructor(host, options) {
    this._options = options;
    this._points = [];
    this._range = 60;
    this._age = null; // what is being read, in seconds ago; null: the newest
    this._legend = html('ul', { class: 'legend' });
    this._svg = svg('svg', { class: 'chart', tabindex: 0, role: 'img', height: HEIGHT });
    host.append(this._svg, this._legend);
    this._svg.addEventListener('pointermove', (event) => this._read(this._ageAt(event.offsetX)));
    this._svg.addEventListener('pointerleave', () => this._read(null));
    this._svg.addEventListener('blur', () => this._read(null));
    this._svg.addEventListener('keydown', (event) => this._key(event));
    new ResizeObserver(() => this._draw()).observe(host);
  }

  /**
   * @param {{age: number, values: number[]|null}[]} points oldest first
   * @param {number} range in seconds
   * @param {string} label for screen readers
   */
  show(points, range, label) {
    this._points = points;
    this._range = range;
    this._svg.setAttribute('aria-label', label);
    this._draw();
  }

  get _width() {
    return Math.max(200, this._svg.clientWidth || this._svg.parentElement.clientWidth);
  }

  _draw() {
    const { kind } = this._options;
    const lines = kind === 'stack' ? stack(this._points) : this._points;
    const highest = Math.max(0, ...lines.map(({ values }) => (values ? values[values.length - 1] : 0)));
    const all = ticks(highest || 1);
    const top = all[all.length - 1];
    const width = this._width;
    this._scale = {
      x: (age) => width - MARGIN.right - (age / this._range) * (width - MARGIN.left - MARGIN.right),
      y: (value) => HEIGHT - MARGIN.bottom - (value / top) * (HEIGHT - MARGIN.top - MARGIN.bottom),
    };
    this._svg.setAttribute('viewBox', `0 0 ${width} ${HEIGHT}`);
    this._svg.replaceChildren(...this._grid(all, width), ...this._shapes(lines), this._cursor());
    this._showLegend();
  }

  _grid(all, width) {
    const { x, y } = this._scale;
    const { tick, ago } = this._options;
    const rows = all.flatMap((value) => [
      svg('line', { class: 'grid', x1: MARGIN.left, x2: width - MARGIN.right, y1: y(value), y2: y(value) }),
      svg('text', { class: 'tick', x: MARGIN.left - 6, y: y(value) + 4, 'text-anchor': 'end' }, tick(value)),
    ]);
    const columns = timeTicks(this._range, width - MARGIN.left - MARGIN.right).map((age) => {
      const anchor = age === 0 ? 'end' : age === this._range ? 'start' : 'middle';
      return svg('text', { class: 'tick', x: x(age), y: HEIGHT - 5, 'text-anchor': anchor }, ago(age));
    });
    return [...rows, ...columns];
  }

  _shapes(points) {
    const { series, kind } = this._options;
    return runs(points, GAP_S).flatMap((run) => {
      const edge = (i) => this._widened(run).map(({ age, values }) => [this._scale.x(age), this._scale.y(i < 0 ? 0 : values[i])]);
      return series.flatMap((name, i) => {
        const outline = svg('path', { class: `line ${name}`, d: line(edge(i)) });
        if (kind === 'bands' && i === 0) return [outline];
        return [svg('path', { class: `area ${name}`, d: area(edge(i), edge(i - 1)) }), ...(kind === 'bands' ? [outline] : [])];
      });
    });
  }

  /** A single point has neither length nor area, so it gets a little of both. */
  _widened(run) {
    if (run.length > 1) return run;
    const half = this._range / 300;
    return [half, -half].map((by) => ({ ...run[0], age: run[0].age + by }));
  }

  /** A vertical line where the chart is being read. */
  _cursor() {
    const group = svg('g');
    const point = this._readPoint();
    if (this._age === null || !point) return group;
    const x = this._scale.x(point.age);
    group.append(svg('line', { class: 'cursor', x1: x, x2: x, y1: MARGIN.top, y2: HEIGHT - MARGIN.bottom }));
    return group;
  }

  _showLegend() {
    const { series, name, format, ago } = this._options;
    const point = this._readPoint();
    const items = series.map((style, i) => {
      const value = point && point.values ? format(point.values[i]) : '–';
      return html('li', {}, html('span', { class: `swatch ${style}`, 'aria-hidden': 'true' }), name(style), ' ', html('b', {}, value));
    });
    if (this._age !== null && point) items.push(html('li', { class: 'time' }, ago(point.age)));
    this._legend.replaceChildren(...items);
  }

  _readPoint() {
    const i = nearest(this._points, this._age ?? 0);
    return i < 0 ? null : this._points[i];
  }

  _read(age) {
    if (age === this._age) return;
    this._age = age;
    this._draw();
  }

  _ageAt(x) {
    const inside = this._width - MARGIN.left - MARGIN.right;
    return Math.min(this._range, Math.max(0, ((this._width - MARGIN.right - x) / inside) * this._range));
  }

  _key(event) {
    const step = { ArrowLeft: -1, ArrowRight: 1 }[event.key];
    if (!step || !this._points.length) return;
    event.preventDefault();
    const i = nearest(this._points, this._age ?? 0) + (this._age === null ? 0 : step);
    this._read(this._points[Math.min(this._points.length - 1, Math.max(0, i))].age);
  }
}
