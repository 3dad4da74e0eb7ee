/**
 * The latency chart: a line for the median, a band up to the 95th percentile, and what the point
 * under the pointer says. With the keyboard, the arrow keys move from point to point.
 */

import { ageOf, ages, levels, nearest, placeOf, SPAN_S, topOf } from './chart-scale.js';
import { setText } from './notice.js';

const MARGIN = { left: 68, top: 6, bottom: 18 }; // CSS pixels, for the axes
const FONT = '11px system-ui, sans-serif';
const DASH = [2, 3];

export class Chart {
  /**
   * @param {function(string): HTMLElement} element by id
   * @param {Language} language
   */
  constructor(element, language) {
    this._canvas = element('chart');
    this._tip = element('chart-tip');
    this._language = language;
    this._points = [];
    this._pointed = null; // how many points before the latest
    this._canvas.addEventListener('pointermove', ({ offsetX }) => this._pointTo(offsetX));
    this._canvas.addEventListener('pointerdown', ({ offsetX }) => this._pointTo(offsetX));
    for (const kind of ['pointerleave', 'blur']) this._canvas.addEventListener(kind, () => this._show(null));
    this._canvas.addEventListener('keydown', (event) => this._step(event));
  }

  /** @param {({p50Ms: number, p95Ms: number}|null)[]} points oldest first, at most 60 */
  draw(points) {
    this._points = points;
    const { context, width, height } = prepare(this._canvas);
    const top = topOf(points);
    const at = {
      x: (i) => MARGIN.left + placeOf(i, points.length, width - MARGIN.left),
      y: (ms) => height - MARGIN.bottom - (Math.min(ms, top) / top) * (height - MARGIN.bottom - MARGIN.top),
    };
    const colours = coloursOf();
    context.font = FONT;
    this._axes(context, { width, height, top, at, colours });
    for (const run of runs(points)) {
      fillBand(context, run, at, colours.band);
      drawLine(context, run, at, colours.line);
    }
    this._mark(context, at, colours);
  }

  /** Latency across, time below. */
  _axes(context, { width, height, top, at, colours }) {
    context.fillStyle = colours.text;
    context.textAlign = 'right';
    context.textBaseline = 'middle';
    for (const ms of levels(top)) {
      const y = Math.round(at.y(ms)) + 0.5;
      stroke(context, [[MARGIN.left, y], [width, y]], colours.grid, 1);
      context.fillText(ms === top ? this._language.text('stat.chart.top', { ms }) : String(ms), MARGIN.left - 6, y);
    }
    context.textBaseline = 'alphabetic';
    const plot = width - MARGIN.left;
    for (const age of ages(plot)) {
      const x = MARGIN.left + (1 - age / SPAN_S) * plot;
      context.textAlign = { 0: 'right', [SPAN_S]: 'left' }[age] || 'center';
      context.fillText(this._language.text(age === 0 ? 'stat.chart.now' : 'stat.chart.age', { age }), x, height - 4);
    }
  }

  _mark(context, at, colours) {
    const i = this._points.length - 1 - this._pointed;
    const point = this._pointed === null ? null : this._points[i];
    setText(this._tip, this._pointed === null ? '' : this._words(point, ageOf(i, this._points.length)));
    if (this._pointed === null || i < 0) return;
    context.setLineDash(DASH);
    stroke(context, [[at.x(i), at.y(0)], [at.x(i), MARGIN.top]], colours.text, 1);
    context.setLineDash([]);
    if (!point) return;
    context.beginPath();
    context.arc(at.x(i), at.y(point.p50Ms), 3.5, 0, 2 * Math.PI);
    context.fillStyle = colours.line;
    context.fill();
  }

  _words(point, age) {
    if (!point) return this._language.text('stat.chart.gap', { age });
    const [p50, p95] = [point.p50Ms, point.p95Ms].map((ms) => Math.round(ms));
    return this._language.text('stat.chart.point', { age, p50, p95 });
  }

  _pointTo(x) {
    const i = nearest(x - MARGIN.left, this._points.length, this._canvas.clientWidth - MARGIN.left);
    this._show(i < 0 ? null : this._points.length - 1 - i);
  }

  _step(event) {
    const by = { ArrowLeft: 1, ArrowRight: -1 }[event.key];
    if (!by) return;
    event.preventDefault();
    const back = this._pointed === null ? 0 : this._pointed + by;
    this._show(Math.max(0, Math.min(this._points.length - 1, back)));
  }

  _show(back) {
    if (back === this._pointed) return;
    this._pointed = back;
    this.draw(this._points);
  }
}

function prepare(canvas) {
  const scale = Math.min(2, devicePixelRatio || 1);
  const [width, height] = [canvas.clientWidth, canvas.clientHeight];
  canvas.width = Math.max(1, Math.round(width * scale));
  canvas.height = Math.max(1, Math.round(height * scale));
  const context = canvas.getContext('2d');
  context.setTransform(scale, 0, 0, scale, 0, 0);
  return { context, width, height };
}

function coloursOf() {
  const style = getComputedStyle(document.documentElement);
  const names = { line: '--accent', band: '--band', grid: '--line', text: '--muted' };
  return Object.fromEntries(Object.entries(names).map(([use, name]) => [use, style.getPropertyValue(name).trim()]));
}

/** The runs without a gap, each a list of {i, p50Ms, p95Ms}. */
function runs(points) {
  const all = [];
  points.forEach((point, i) => {
    if (!point) return;
    if (i === 0 || !points[i - 1]) all.push([]);
    all[all.length - 1].push({ i, ...point });
  });
  return all;
}

function fillBand(context, run, at, colour) {
  context.beginPath();
  for (const { i, p95Ms } of run) context.lineTo(at.x(i), at.y(p95Ms));
  for (const { i, p50Ms } of [...run].reverse()) context.lineTo(at.x(i), at.y(p50Ms));
  context.fillStyle = colour;
  context.fill();
}

function drawLine(context, run, at, colour) {
  context.lineJoin = 'round';
  stroke(context, run.map(({ i, p50Ms }) => [at.x(i), at.y(p50Ms)]), colour, 2);
}

function stroke(context, points, colour, width) {
  context.beginPath();
  for (const [x, y] of points) context.lineTo(x, y);
  context.strokeStyle = colour;
  context.lineWidth = width;
  context.stroke();
}
