// The pages on glass-easel, WeChat's own component framework.

import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';

import { component, fire, open, openForeign, phone, warnings } from './easel.mjs';
import { library } from './library.mjs';
import { Canvas } from './phone/canvas.mjs';
import { settle } from './settle.mjs';
import { skyline } from './worklets.mjs';

const { now } = library('core/clock');

const texts = (dom, selector) => [...dom.querySelectorAll(selector)].map((element) => element.textContent.trim());
const { pages } = JSON.parse(readFileSync(new URL('../../miniprogram/app.json', import.meta.url), 'utf8'));

/** What every page may call; canvases are found if given. */
function anyPhone(found = [null, null], more = {}) {
  const query = { select: () => ({ fields: () => query }), exec: (act) => act(found) };
  return phone({
    getNetworkType: ({ success }) => success({ networkType: 'wifi' }),
    onNetworkStatusChange: () => {},
    offNetworkStatusChange: () => {},
    setKeepScreenOn: () => {},
    navigateTo: () => {},
    authorize: ({ success }) => success({}),
    requirePrivacyAuthorize: ({ success }) => success({}),
    onSocketClose: () => {},
    request: () => {},
    connectSocket: () => ({ onOpen() {}, onMessage() {}, onError() {}, onClose() {}, send() {}, close() {} }),
    createSelectorQuery: () => query,
    ...more,
  });
}

for (const path of pages) {
  test(`${path} opens and closes without a warning`, async () => {
    anyPhone();
    const { dom, close } = open(path);
    await settle();
    assert.ok(dom.textContent.trim().length > 0);
    close();
    assert.deepEqual(warnings, []);
  });
}

test('the live page shows the camera and the boxes of a result, and its parts follow its data', async () => {
  const canvas = new Canvas({ width: 300, height: 400 }, false);
  const stored = anyPhone([{ node: canvas, width: 300, height: 400 }, null]);
  stored.set('framewire.settings', { server: 'example.org', language: 'en', boxes: 'exact' });
  const { page, dom, close } = open('pages/live/live');
  await settle();
  assert.equal(dom.querySelectorAll('camera').length, 1);
  assert.match(texts(dom, 'notice')[0], /Connecting/);
  page.connection.setState({ name: 'ready' });
  page.modelChanged({ name: 'digits', version: 3, label: null, task: 'detection', labels: ['zero', 'one'] });
  page.resultReceived({ boxes: [[0, 0, 0.5, 0.5]], scores: [0.9], classes: [1] }, { captured_at: 0, upright: { width: 3, height: 4 } });
  assert.equal(dom.querySelectorAll('notice').length, 0);
  assert.match(dom.textContent, /digits 3/);
  assert.deepEqual([canvas.strokes[1].width, canvas.strokes[1].height], [150, 200]);
  fire(dom.querySelector('camera'), 'error', { errMsg: 'insertCamera: auth deny' });
  assert.equal(page.data.status.name, 'camera_refused');
  assert.equal(dom.querySelectorAll('camera').length, 0);
  close();
});

test('the live page’s slider reaches the settings', async () => {
  const stored = anyPhone();
  stored.set('framewire.settings', { server: 'example.org' });
  const { page, dom, close } = open('pages/live/live');
  await settle();
  fire(dom.querySelector('slider'), 'change', { value: 70 });
  assert.equal(page.data.options.percent, 70);
  assert.equal(stored.get('framewire.settings').minScore, 0.7);
  close();
});

test('events of zones and lines vibrate, several at once like one', async () => {
  const felt = [];
  anyPhone([null, null], { vibrateShort: ({ type }) => felt.push(type) });
  const { vibrateFor } = library('../../haptics');
  const config = library('../../config');
  vibrateFor(undefined);
  vibrateFor([]);
  assert.deepEqual(felt, []);
  const event = { kind: 'cross', id: 1, class: 0, line: 'door', at: 0 };
  vibrateFor([event, event]);
  vibrateFor([event]);
  assert.deepEqual(felt, ['medium']);
  await new Promise((resolve) => setTimeout(resolve, 350));
  config.haptics = false;
  vibrateFor([event]);
  config.haptics = true;
  assert.deepEqual(felt, ['medium']);
  vibrateFor([event]);
  assert.deepEqual(felt, ['medium', 'medium']);
});

test('on Skyline, boxes glide between two results without the page, and fade when they end', async (t) => {
  const renderer = skyline(component.ComponentCaller);
  t.after(renderer.remove);
  const canvas = new Canvas({ width: 300, height: 400 }, false);
  const stored = anyPhone([{ node: canvas, width: 300, height: 400 }, null], { worklet: renderer.worklet });
  stored.set('framewire.settings', { server: 'example.org' });
  const { page, dom, close } = open('pages/live/live');
  await settle();
  page.modelChanged({ name: 'digits', version: 3, label: null, task: 'detection', labels: ['zero', 'one'] });
  const received = (more) => {
    const captured_at = now() - more.ageMs;
    page.resultReceived({ captured_at, ...more }, { captured_at, upright: { width: 3, height: 4 } });
  };
  const box = { boxes: [[0, 0, 0.5, 0.5]], scores: [0.9], classes: [1], ids: [7], velocities: [[0.2, 0, 0.2, 0]] };
  received({ ...box, ageMs: 1200 });
  received({ ...box, ageMs: 200 });
  const x = () => Number(/translate\(([\d.]+)px/.exec(renderer.style('#box-0').transform)[1]);
  const jumped = x();
  assert.ok(jumped < 10, `the second result made the box jump to ${jumped}`);
  assert.deepEqual(texts(dom, 'boxes text').filter(Boolean), ['one  90 %']);
  page.draw = () => assert.fail('drawn by the page');
  await new Promise((resolve) => setTimeout(resolve, 110));
  const before = x();
  // 60 pixels a second, since its capture 310 ms ago; 500 ms after it, the box stops.
  assert.ok(before > 17 && before < 30.5, `at ${before}`);
  await new Promise((resolve) => setTimeout(resolve, 390));
  delete page.draw;
  assert.ok(x() >= before && Math.abs(x() - 30) < 1, `at ${x()}, after ${before}`);
  assert.ok(Math.abs(parseFloat(renderer.style('#box-0').width) - 150) < 0.01);
  assert.equal(Number(renderer.style('#box-0').opacity), 1);
  assert.deepEqual(canvas.strokes, []);
  received({ boxes: [], scores: [], classes: [], ids: [], velocities: [], ageMs: 0 });
  await new Promise((resolve) => setTimeout(resolve, 200));
  assert.equal(Number(renderer.style('#box-0').opacity), 0);
  close();
});

/** A document's page for other mini-programs: its script and its template. */
function documented(path) {
  const text = readFileSync(new URL(`../../${path}`, import.meta.url), 'utf8');
  const [, script, template] = /```js\n([^`]*Page\([^`]*)```\n\n```html\n([^`]*)```/.exec(text);
  return { script, template };
}

test('the documented labels show the ids of tracked objects, where these are by now', async (t) => {
  anyPhone([null, null], { getWindowInfo: () => ({ windowWidth: 300, windowHeight: 600 }) });
  const { page, dom, close } = openForeign(documented('docs/tracking.md'));
  t.after(close); // its timer would keep a failed test alive
  const frame = { upright: { width: 300, height: 600 } };
  const result = (ageMs) => ({
    captured_at: now() - ageMs,
    boxes: [[0.2, 0.1, 0.4, 0.3], [0.7, 0.7, 0.9, 0.9]],
    scores: [0.9, 0.6],
    classes: [0, 0],
    ids: [7, null],
    velocities: [[0, 0.2, 0, 0.2], null],
  });
  page.overlay.update(result(1000), frame);
  page.overlay.update(result(500), frame);
  await new Promise((resolve) => setTimeout(resolve, 200));
  assert.deepEqual(texts(dom, 'view'), ['7']);
  const { left, top, opacity } = dom.querySelector('view').style;
  // It was at 0.1 of the height 500 ms before, and moves on by 0.1.
  assert.deepEqual([left, Math.round(parseFloat(top)), opacity], ['60px', 120, '1']);
  assert.deepEqual(warnings, []);
});

test('a box keeps its view from one result to the next', () => {
  const { Slots } = library('../../components/boxes/slots');
  const slots = new Slots(3);
  const assigned = (...keys) => slots.assign(keys).map(({ slot, isNew }) => `${slot}${isNew ? ' new' : ''}`);
  assert.deepEqual(assigned('a', 'b'), ['0 new', '1 new']);
  assert.deepEqual(assigned('b', 'c'), ['1', '0 new']);
  assert.deepEqual(assigned('d', 'c', 'b', 'e'), ['2 new', '0', '1']);
});
