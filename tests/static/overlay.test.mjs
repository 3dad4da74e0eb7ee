// The overlay: boxes carried to the moment they are shown.

import assert from 'node:assert/strict';
import { test } from 'node:test';

import { Overlay } from '../../static/client/overlay.js';

const BOX = [0.4, 0.4, 0.6, 0.6];

function result(boxes, capturedAt, more = {}) {
  return {
    captured_at: capturedAt,
    boxes,
    scores: boxes.map(() => 0.9),
    classes: boxes.map(() => 7),
    ids: boxes.map((_, i) => i + 1),
    velocities: boxes.map(() => [0.5, 0, 0.5, 0]),
    ...more,
  };
}

/** An overlay that has seen its one object for a second, up to t = 1000. */
function seasoned(options) {
  const overlay = new Overlay(options);
  overlay.update(result([BOX], 0), 0);
  overlay.update(result([BOX], 1000), 1000);
  return overlay;
}

function rounded(drawn) {
  return drawn.map(({ box }) => box.map((edge) => Math.round(edge * 1e6) / 1e6));
}

test('carries a box from its capture to the moment shown', () => {
  assert.deepEqual(rounded(seasoned().at(1200)), [[0.5, 0.4, 0.7, 0.6]]);
});

test('carries no box beyond the horizon', () => {
  const overlay = seasoned({ horizonMs: 300 });
  assert.deepEqual(rounded(overlay.at(5000)), rounded(overlay.at(1300)));
});

test('carries no box for longer than its object has been seen', () => {
  const overlay = new Overlay({ easeMs: 0 });
  overlay.update(result([BOX], 0), 10);
  assert.deepEqual(rounded(overlay.at(400)), [BOX]);
  overlay.update(result([BOX], 50), 410);
  assert.deepEqual(rounded(overlay.at(420)), [[0.425, 0.4, 0.625, 0.6]]);
});

/** The x of its one box's left edge. */
function leftEdge(overlay, now) {
  return overlay.at(now)[0].box[0];
}

test('a correction does not move a box at once, and brings it to its place without going beyond', () => {
  const overlay = seasoned({ easeMs: 100 });
  const before = overlay.at(1200);
  overlay.update(result([[0.3, 0.4, 0.6, 0.7]], 1200, { velocities: [[0, 0, 0, 0]] }), 1200);
  assert.deepEqual(overlay.at(1200)[0].box, before[0].box);
  const edges = Array.from({ length: 40 }, (_, i) => leftEdge(overlay, 1200 + 10 * i));
  edges.forEach((edge, i) => assert.ok(edge >= 0.3 && (i === 0 || edge <= edges[i - 1]), `${edges}`));
  assert.ok(edges[5] < 0.35 && edges[10] < 0.311 && edges[39] < 0.3001, `${edges}`);
});

test('a correction takes the same time, however many results come meanwhile', () => {
  const [often, once] = [seasoned(), seasoned()];
  const still = (at) => result([[0.3, 0.4, 0.5, 0.6]], at, { velocities: [[0, 0, 0, 0]] });
  once.update(still(1200), 1200);
  for (let at = 1200; at <= 1290; at += 10) often.update(still(at), at);
  assert.ok(Math.abs(leftEdge(often, 1300) - leftEdge(once, 1300)) < 1e-9);
});

test('without easing, and without motion, a corrected box is in its place at once', () => {
  for (const options of [{ easeMs: 0 }, { live: false }]) {
    const overlay = seasoned(options);
    overlay.update(result([[0.3, 0.4, 0.5, 0.6]], 1200), 1200);
    assert.deepEqual(rounded(overlay.at(1200)), [[0.3, 0.4, 0.5, 0.6]]);
  }
});

test('a box that is corrected to half its size never turns inside out', () => {
  const overlay = seasoned();
  overlay.update(result([[0.9, 0.4, 1, 0.5]], 1200), 1200);
  overlay.update(result([[0.1, 0.4, 0.2, 0.5]], 1220), 1220);
  for (let now = 1220; now < 1400; now += 7) {
    const [{ box }] = overlay.at(now);
    assert.ok(box[0] <= box[2] && box[1] <= box[3], `${box}`);
  }
});

test('new boxes fade in, ended ones fade out and are forgotten', () => {
  const overlay = new Overlay({ fadeMs: 100 });
  overlay.update(result([BOX], 0), 0);
  const opacity = (now) => overlay.at(now).map((drawn) => drawn.opacity);
  assert.deepEqual([opacity(0), opacity(50), opacity(100)], [[0], [0.5], [1]]);
  overlay.update(result([], 200), 200);
  assert.deepEqual([opacity(225), opacity(300)], [[0.75], []]);
});

test('without motion, boxes are where they were, and go at once', () => {
  const overlay = seasoned({ live: false });
  assert.deepEqual(overlay.at(1300), [{ id: 1, box: BOX, score: 0.9, class: 7, opacity: 1 }]);
  overlay.update(result([], 1400), 1400);
  assert.deepEqual(overlay.at(1400), []);
});

test('boxes without an id are shown as they are, until the next result', () => {
  const overlay = new Overlay();
  overlay.update(result([BOX], 0, { ids: [null], velocities: [null] }), 0);
  overlay.update({ ...result([BOX], 10), ids: undefined, velocities: undefined }, 10);
  assert.deepEqual(overlay.at(500), [{ id: null, box: BOX, score: 0.9, class: 7, opacity: 1 }]);
});

test('a new object fades in once, although it has no id at first', () => {
  const overlay = new Overlay({ fadeMs: 100 });
  const unnamed = { ids: [null], velocities: [null] };
  overlay.update(result([BOX], 0, unnamed), 0);
  const opacity = (now) => overlay.at(now).map((drawn) => drawn.opacity);
  assert.deepEqual([opacity(0), opacity(50)], [[0], [0.5]]);
  overlay.update(result([BOX], 60, unnamed), 60);
  overlay.update(result([BOX], 80), 80);
  assert.deepEqual([opacity(80), opacity(100)], [[0.8], [1]]);
});

test('without time to fade, boxes appear and vanish at once', () => {
  const overlay = new Overlay({ fadeMs: 0 });
  overlay.update(result([BOX], 0), 0);
  assert.deepEqual(overlay.at(0).map(({ opacity }) => opacity), [1]);
  overlay.update(result([], 100), 100);
  assert.deepEqual(overlay.at(100), []);
});

test('a cleared overlay has no boxes', () => {
  const overlay = seasoned();
  overlay.update({ ...result([BOX], 1050), ids: [null], velocities: [null] }, 1050);
  overlay.clear();
  assert.deepEqual(overlay.at(1060), []);
});

test('when tracking begins anew, no old box lingers', () => {
  const overlay = seasoned();
  overlay.update(result([], 1100, { restarted: true }), 1100);
  assert.deepEqual(overlay.at(1100), []);
});

test('a clock that is ahead moves no box back', () => {
  assert.deepEqual(rounded(seasoned().at(900)), [BOX]);
});

// How well boxes sit: an object that swings at up to 0.36 of the frame a second, results at 15 a second, each `delayMs` old when it comes.

function place(t) {
  const [x, y] = [0.5 + 0.3 * Math.sin(t / 900), 0.5 + 0.2 * Math.sin(t / 1300)];
  return [x - 0.1, y - 0.1, x + 0.1, y + 0.1];
}

function iou(a, b) {
  const side = (i) => Math.max(0, Math.min(a[i + 2], b[i + 2]) - Math.max(a[i], b[i]));
  const area = (box) => (box[2] - box[0]) * (box[3] - box[1]);
  const common = side(0) * side(1);
  return common / (area(a) + area(b) - common);
}

function meanIou(options, delayMs) {
  const overlay = new Overlay(options);
  const ious = [];
  let latest = -1;
  for (let now = 0; now < 20000; now += 1000 / 60) {
    const captured = Math.floor((now - delayMs) / 67) * 67;
    if (captured > latest) {
      latest = captured;
      const before = place(captured - 67); // a velocity is measured over the past
      const velocity = place(captured).map((edge, i) => ((edge - before[i]) / 67) * 1000);
      overlay.update(result([place(captured)], captured, { velocities: [velocity] }), now);
    }
    const [drawn] = overlay.at(now);
    if (now > 2000) ious.push(iou(drawn.box, place(now)));
  }
  return ious.reduce((sum, value) => sum + value, 0) / ious.length;
}

for (const [delayMs, least] of [[100, 0.8], [200, 0.75], [400, 0.6]]) {
  test(`at a delay of ${delayMs} ms, boxes overlap what is shown by ${least} on average`, (t) => {
    const [live, exact] = [meanIou({}, delayMs), meanIou({ live: false }, delayMs)];
    t.diagnostic(`mean IoU ${live.toFixed(2)}, without motion ${exact.toFixed(2)}`);
    assert.ok(live >= least, `${live}`);
    assert.ok(live > exact);
  });
}

test('keeps what a second model said about an object while its answers are missing', () => {
  const overlay = new Overlay();
  const bob = { classes: [1], scores: [0.9], labels: ['bob'] };
  const seconds = (answers) => ({ then: { model_version: 1, answers } });
  overlay.update(result([BOX], 0, seconds([bob])), 0);
  assert.deepEqual(overlay.at(0)[0].second, bob);
  overlay.update(result([BOX], 100, seconds([{ missing: 'expired' }])), 100);
  assert.deepEqual(overlay.at(100)[0].second, bob);
  overlay.update(result([BOX], 200, { ids: [null], ...seconds([{ missing: 'expired' }]) }), 200);
  assert.equal(overlay.at(200).find(({ id }) => id === null).second, undefined);
});

test('what a later server adds to a result does not take its boxes away', () => {
  const overlay = new Overlay();
  overlay.update(result([BOX], 0, { then: { later: 1 }, later: [1] }), 0);
  assert.deepEqual(rounded(overlay.at(0)), [BOX]);
});
