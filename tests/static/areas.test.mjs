// The page's zones and lines, what is counted at them, and trails.

import assert from 'node:assert/strict';
import { test } from 'node:test';

import { drawAreas } from '../../static/page/area-drawing.js';
import { Areas, arrows } from '../../static/page/areas.js';
import { Trails } from '../../static/page/trails.js';

function memory(stored = {}) {
  return { getItem: (key) => stored[key] ?? null, setItem: (key, value) => (stored[key] = value) };
}

test('lines and zones become session options by name, and are remembered', () => {
  const storage = memory();
  const areas = new Areas(storage);
  areas.add('line');
  areas.add('zone');
  areas.move('line 1', 0, [0.25, 1.5]);
  const { lines, zones } = new Areas(storage).options();
  assert.deepEqual(lines, { 'line 1': [[0.25, 1], [0.5, 0.1]] });
  assert.equal(zones['zone 1'].length, 4);
  areas.remove('line 1');
  assert.deepEqual(new Areas(storage).options().lines, {});
});

test('an area whose points lie on one another is not asked for until they are apart again', () => {
  const areas = new Areas(null);
  areas.add('line');
  areas.add('zone');
  areas.move('line 1', 0, [-1, 2]);
  areas.move('line 1', 1, [0, 1]);
  for (const index of [0, 1, 2]) areas.move('zone 1', index, [1, 1]);
  assert.deepEqual(areas.options(), { zones: {}, lines: {} });
  assert.equal(areas.list().length, 2);
  areas.move('line 1', 1, [0.5, 1]);
  assert.deepEqual(areas.options().lines, { 'line 1': [[0, 1], [0.5, 1]] });
});

test('there is room for four of each kind, and a free number is used again', () => {
  const areas = new Areas(null);
  for (let i = 0; i < 5; i += 1) areas.add('line');
  assert.deepEqual(areas.list().map(({ number }) => number), [1, 2, 3, 4]);
  assert.deepEqual([areas.hasRoom('line'), areas.hasRoom('zone')], [false, true]);
  areas.remove('line 2');
  areas.add('line');
  assert.deepEqual(areas.list().map(({ number }) => number), [1, 3, 4, 2]);
});

test('a new area lies on no other one, and all of it is in the picture', () => {
  const areas = new Areas(null);
  for (let i = 0; i < 4; i += 1) for (const kind of ['line', 'zone']) areas.add(kind);
  const points = areas.list().flatMap((area) => area.points);
  assert.ok(points.every((point) => point.every((side) => side >= 0 && side <= 1)));
  const distance = ([x, y], [other, another]) => Math.hypot(x - other, y - another);
  points.forEach((point, i) => points.slice(0, i).forEach((other) => assert.ok(distance(point, other) > 0.05)));
});

test('arrows say where the sides of a line are on the screen', () => {
  const square = { width: 100, height: 100 };
  const sides = (points, picture = square) => Object.values(arrows(points, picture)).join('');
  assert.equal(sides([[0.5, 0.9], [0.5, 0.1]]), '←→'); // upwards
  assert.equal(sides([[0.5, 0.1], [0.5, 0.9]]), '→←');
  assert.equal(sides([[0.1, 0.5], [0.9, 0.5]]), '↑↓');
  assert.equal(sides([[0.9, 0.5], [0.1, 0.5]]), '↓↑');
  assert.equal(sides([[0, 1], [1, 0]]), '↖↘');
  assert.equal(sides([[1, 0], [0, 1]]), '↘↖');
  assert.equal(sides([[0, 1], [1, 0]], { width: 400, height: 100 }), '↑↓'); // flat, in a wide picture
});

/** What is written over a picture: [text, x, y]. */
function written(areas, side = 1000) {
  const said = [];
  const ignore = () => {};
  const context = {
    beginPath: ignore, closePath: ignore, fill: ignore, lineTo: ignore, roundRect: ignore, stroke: ignore,
    measureText: (text) => ({ width: 10 * text.length }),
    fillText: (text, x, y) => said.push([text, x, y]),
  };
  drawAreas(context, { x: 0, y: 0, width: side, height: 0.75 * side }, areas);
  return said;
}

const LINE = { kind: 'line', title: 'Line 1', points: [[0.5, 0.1], [0.5, 0.9]], left: 1, right: 2 };
const ZONE = { kind: 'zone', title: 'Zone 1', points: [[0, 0], [0.4, 0], [0.4, 1], [0, 1]], inside: 3 };

test('counts are drawn on the sides where they were counted', () => {
  const [[left, atLeft], [right, atRight], ...zone] = written([LINE, ZONE]);
  assert.deepEqual([left, right, zone.map(([text]) => text)], ['1', '2', ['3']]);
  assert.ok(atLeft > 500 && atRight < 500); // the line runs downwards
});

test('two new lines and zones have labels that do not cover one another', () => {
  const areas = new Areas(null);
  for (const kind of ['line', 'line', 'zone', 'zone']) areas.add(kind);
  const said = written(areas.list().map((area) => ({ ...area, title: 'Area 1' })), 360);
  said.forEach(([text, x, y], i) => said.slice(0, i).forEach(([other, left, height]) => {
    const isBeside = x + 10 * text.length < left || left + 10 * String(other).length < x;
    assert.ok(isBeside || Math.abs(y - height) >= 24, `${text} and ${other}`);
  }));
});

test('areas of one kind are told apart by their names', () => {
  const said = written([LINE, { ...LINE, title: 'Line 2' }, ZONE, { ...ZONE, title: 'Zone 2' }]);
  assert.deepEqual(said.map(([text]) => text), ['Line 1', '1', '2', 'Line 2', '1', '2', 'Zone 1', '3', 'Zone 2', '3']);
  const [[, , height], [, , middle]] = said;
  assert.ok(height < middle); // nearer to the line's first point
  const [[, name], [, count]] = said.slice(-2);
  assert.ok(name + 60 <= count); // side by side
});

test('crossings add up by side; a zone has what is inside now', () => {
  const areas = new Areas(null);
  areas.add('line');
  areas.add('zone');
  const cross = (to) => ({ kind: 'cross', line: 'line 1', id: 1, class: 3, to });
  const counts = [{ zone: 'zone 1', class: 3, count: 2 }, { zone: 'zone 1', class: 7, count: 1 }];
  areas.update({ events: [cross('left'), cross('right'), { kind: 'enter', zone: 'zone 1', id: 1, class: 3 }], counts });
  areas.update({ events: [cross('left')], counts: [] });
  const [line, zone] = areas.list();
  assert.deepEqual([line.left, line.right, zone.inside], [2, 1, 0]);
  areas.update({ counts });
  assert.equal(areas.list()[1].inside, 3);
  areas.remove('line 1');
  areas.add('line');
  assert.equal(areas.list()[1].left, 0);
});

test('what was stored by something else is left out', () => {
  const point = [0.5, 0.5];
  const stored = (areas) => new Areas(memory({ 'framewire.areas': JSON.stringify(areas) })).list();
  assert.deepEqual(stored([null, { kind: 'line', number: 1, points: [point] }, { kind: 'star', number: 1, points: [] }]), []);
  assert.deepEqual(stored({}), []);
  assert.equal(stored([{ kind: 'line', number: 1, points: [point, [0, 1]] }]).length, 1);
  assert.deepEqual(new Areas(memory({ 'framewire.areas': '[' })).list(), []);
});

test('a trail is the path of the last moments, and ends with its track', () => {
  const trails = new Trails();
  const result = (at, ids, more = {}) => ({ captured_at: at, boxes: [[0, 0, 0.2, at / 1e4]], classes: [3], ids, ...more });
  for (const at of [0, 1000, 2000]) trails.update(result(at, [1]));
  assert.deepEqual(trails.list(), [{ kind: 3, points: [{ at: 1000, x: 0.1, y: 0.05 }, { at: 2000, x: 0.1, y: 0.1 }] }]);
  trails.update(result(2100, [null]));
  trails.update(result(4000, [null]));
  assert.deepEqual(trails.list(), []);
  for (const at of [4100, 4200]) trails.update(result(at, [2]));
  trails.update(result(4300, [3], { restarted: true }));
  assert.deepEqual(trails.list(), []);
});
