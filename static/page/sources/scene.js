/**
 * An animated demo scene: printed digits drift and rotate on a changing background, among shapes
 * that are not digits. The same seed gives the same scene.
 *
 * For users who prefer reduced motion, the scene is static and sent a few times per second.
 */

import { snapshot } from './video-frames.js';

const WIDTH = 640;
const HEIGHT = 480;
const INTERVAL_MS = 1000 / 30;
const STILL_INTERVAL_MS = 250;
const STILL_AT_MS = 4000;
const CHANGE_MS = 7000; // between two digits in one place
const FADE_MS = 350;

const COLUMNS = 3;
const ROWS = 2;
const FONTS = [
  '700 {px}px Arial, "Liberation Sans", "DejaVu Sans", sans-serif',
  '700 {px}px Georgia, "Liberation Serif", "DejaVu Serif", serif',
  '600 {px}px Verdana, "DejaVu Sans", sans-serif',
  '700 {px}px "Courier New", "Liberation Mono", "DejaVu Sans Mono", monospace',
];
const INKS = ['#16211e', '#7a1f2b', '#1d3f72', '#2f4a1d', '#3c2a5e'];

export class Scene {
  /** @param {{onPicture: function(number), isCalm: boolean, seed: number}} options */
  constructor({ onPicture, isCalm, seed }) {
    this.name = 'scene';
    this.isStill = false;
    this._onPicture = onPicture;
    this._interval = isCalm ? STILL_INTERVAL_MS : INTERVAL_MS;
    this._isCalm = isCalm;
    this._canvas = document.createElement('canvas');
    this._canvas.width = WIDTH;
    this._canvas.height = HEIGHT;
    this._context = this._canvas.getContext('2d', { alpha: false });
    this._plan = plan(seed);
    this._handle = 0;
    this._due = 0;
    this._shown = 0; // the scene's own time, which stops during a pause
    this._last = null;
  }

  async start() {
    this.resume();
  }

  stop() {
    this.pause();
  }

  pause() {
    cancelAnimationFrame(this._handle);
    this._handle = 0;
    this._last = null;
  }

  resume() {
    if (!this._handle) this._handle = requestAnimationFrame(() => this._tick());
  }

  grab(longest) {
    return snapshot(this._canvas, WIDTH, HEIGHT, longest);
  }

  /** @returns {{image: HTMLCanvasElement, width: number, height: number}} what the scene shows now */
  preview() {
    return { image: this._canvas, width: WIDTH, height: HEIGHT };
  }

  _tick() {
    this._handle = requestAnimationFrame(() => this._tick());
    const now = performance.now();
    if (now < this._due - 2) return; // 2 ms: animation frames are not exact
    this._due = Math.max(this._due + this._interval, now);
    if (this._last !== null) this._shown += now - this._last;
    this._last = now;
    draw(this._context, this._plan, this._isCalm ? STILL_AT_MS : this._shown);
    this._onPicture(now);
  }
}

/** Where everything is and how it moves. Each digit has a cell of its own, so that none overlap. */
function plan(seed) {
  const random = dice(seed);
  const between = (low, high) => low + random() * (high - low);
  const pick = (list) => list[Math.floor(random() * list.length)];
  const digits = [];
  for (let cell = 0; cell < COLUMNS * ROWS; cell += 1) {
    digits.push({
      x: ((cell % COLUMNS) + 0.5) * (WIDTH / COLUMNS),
      y: (Math.floor(cell / COLUMNS) + 0.5) * (HEIGHT / ROWS),
      size: between(88, 138),
      sway: [between(18, 34), between(16, 30)],
      pace: [between(0.0004, 0.0008), between(0.0004, 0.0008)],
      phase: between(0, 6.28),
      tilt: between(0.06, 0.2),
      font: pick(FONTS),
      ink: pick(INKS),
      first: Math.floor(random() * 10),
      offset: between(0, CHANGE_MS),
    });
  }
  const shapes = Array.from({ length: 9 }, () => ({
    kind: pick(['disc', 'ring', 'bar', 'triangle']),
    x: between(0, WIDTH),
    y: between(0, HEIGHT),
    size: between(14, 46),
    hue: between(0, 360),
    turn: between(0, 6.28),
    pace: between(-0.0003, 0.0003),
  }));
  return { digits, shapes };
}

function draw(context, { digits, shapes }, time) {
  const hue = (150 + time / 200) % 360;
  const ground = context.createLinearGradient(0, 0, WIDTH, HEIGHT);
  ground.addColorStop(0, `hsl(${hue} 34% 90%)`);
  ground.addColorStop(1, `hsl(${(hue + 50) % 360} 38% 80%)`);
  context.fillStyle = ground;
  context.fillRect(0, 0, WIDTH, HEIGHT);
  for (const shape of shapes) drawShape(context, shape, time);
  for (const digit of digits) drawDigit(context, digit, time);
}

function drawShape(context, { kind, x, y, size, hue, turn, pace }, time) {
  context.save();
  context.translate(x + 12 * Math.sin(time * pace), y + 12 * Math.cos(time * pace));
  context.rotate(turn + time * pace);
  context.fillStyle = context.strokeStyle = `hsl(${hue} 45% 70% / 0.5)`;
  context.lineWidth = size / 5;
  context.beginPath();
  if (kind === 'bar') context.rect(-1.4 * size, -size / 8, 2.8 * size, size / 4);
  else if (kind === 'triangle') {
    context.moveTo(0, -size);
    context.lineTo(size, size);
    context.lineTo(-size, size);
  } else context.arc(0, 0, size, 0, 6.2832);
  if (kind === 'ring') context.stroke();
  else context.fill();
  context.restore();
}

function drawDigit(context, digit, time) {
  const age = time + digit.offset;
  const turn = Math.floor(age / CHANGE_MS);
  const since = age % CHANGE_MS;
  const grown = Math.min(1, since / FADE_MS, (CHANGE_MS - since) / FADE_MS);
  const sway = (axis) => digit.sway[axis] * Math.sin(time * digit.pace[axis] + digit.phase + axis);
  context.save();
  context.translate(digit.x + sway(0), digit.y + sway(1));
  context.rotate(digit.tilt * Math.sin(time * 0.0006 + digit.phase));
  context.scale(grown, grown);
  context.font = digit.font.replace('{px}', Math.round(digit.size));
  context.textAlign = 'center';
  context.textBaseline = 'middle';
  context.fillStyle = digit.ink;
  context.fillText(String((digit.first + 3 * turn) % 10), 0, 0);
  context.restore();
}

/** Random numbers in 0..1, reproducible by seed (mulberry32). */
function dice(seed) {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4294967296;
  };
}
