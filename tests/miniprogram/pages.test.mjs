// Components and pages, rendered and tapped under miniprogram-simulate.

import assert from 'node:assert/strict';
import { test } from 'node:test';

import { library } from './library.mjs';
import { Canvas } from './phone/canvas.mjs';
import { finding, fire, globalData, livePage, phone, render, settle, shown, tap, texts } from './simulated.mjs';

const { now } = library('core/clock');

test('a notice shows the state, and its button the next step', async () => {
  const details = { title: '没有网络', more: '请检查', action: 'retry', actionText: '重试' };
  const notice = render('components/notice/notice', details);
  assert.deepEqual(texts(notice, '.title'), ['没有网络']);
  assert.deepEqual(texts(notice, '.act'), ['重试']);
  const events = [];
  notice.addEventListener('act', ({ detail }) => events.push(detail.action));
  await tap(notice, '.act');
  assert.deepEqual(events, ['retry']);
});

test('a notice without an action has no button', () => {
  const notice = render('components/notice/notice', { title: '正在连接……' });
  assert.equal(notice.querySelectorAll('.act').length, 0);
  assert.equal(notice.querySelectorAll('.more').length, 0);
});

test('the first two statistics are always shown, the others on request', async () => {
  const items = [['延迟', '12 ms'], ['识别帧率', '19.8'], ['往返时间', '9 ms']].map(([name, value]) => ({ name, value }));
  const statistics = render('components/statistics/statistics', { items, more: '更多数据' });
  assert.deepEqual(texts(statistics, '.value'), ['12 ms', '19.8']);
  await tap(statistics, '.row');
  assert.deepEqual(texts(statistics, '.value'), ['12 ms', '19.8', '9 ms']);
  assert.deepEqual(texts(statistics, '.name'), ['延迟', '识别帧率', '往返时间']);
  await tap(statistics, '.row');
  assert.equal(statistics.querySelectorAll('.line').length, 0);
});

test('the round buttons report a tap; without a camera, only photos can be chosen', async () => {
  for (const [cameraOn, expected] of [[true, ['photo', 'shutter', 'flip']], [false, ['photo']]]) {
    const controls = render('components/controls/controls', { photo: '照片', shutter: '拍照', flip: '切换摄像头', cameraOn });
    assert.deepEqual(texts(controls, '.caption'), ['照片', '拍照', '切换摄像头']);
    const events = [];
    for (const name of ['photo', 'shutter', 'flip']) controls.addEventListener(name, () => events.push(name));
    for (const name of ['photo', 'shutter', 'flip']) await tap(controls, `.${name}`);
    assert.deepEqual(events, expected);
  }
});

test('the slider reports while it moves and when it is released', async () => {
  const score = render('components/percentage/percentage', { name: '最低置信度', percent: 50 });
  const events = [];
  for (const name of ['move', 'rest']) score.addEventListener(name, ({ detail }) => events.push([name, detail.percent]));
  await fire(score, '.slider', 'changing', { value: 60 });
  await fire(score, '.slider', 'change', { value: 70 });
  assert.deepEqual(events, [['move', 60], ['rest', 70]]);
  assert.deepEqual(texts(score, '.value'), ['70 %']);
});

for (const [button, event] of [['.agree', 'agree'], ['.disagree', 'disagree']]) {
  test(`the privacy dialog opens on WeChat’s request and reports: ${event}`, async () => {
    let ask = null;
    const read = [];
    phone({
      onNeedPrivacyAuthorization: (act) => (ask = act),
      getPrivacySetting: ({ success }) => success({ privacyContractName: '《隐私保护指引》' }),
      openPrivacyContract: () => read.push(true),
    });
    const privacy = render('components/privacy/privacy');
    assert.equal(privacy.querySelectorAll('.sheet').length, 0);
    const answers = [];
    ask((answer) => answers.push(answer));
    assert.deepEqual(texts(privacy, '.contract'), ['《隐私保护指引》']);
    await tap(privacy, '.contract');
    assert.equal(read.length, 1);
    if (event === 'agree') await fire(privacy, button, 'agreeprivacyauthorization', {});
    else await tap(privacy, button);
    assert.deepEqual(answers, [{ event, buttonId: 'privacy-agree' }]);
    assert.equal(privacy.querySelectorAll('.sheet').length, 0);
  });
}

test('a privacy dialog left open counts as declined when its page closes', () => {
  let ask = null;
  phone({ onNeedPrivacyAuthorization: (act) => (ask = act), getPrivacySetting: () => {} });
  const privacy = render('components/privacy/privacy');
  const answers = [];
  ask(({ event }) => answers.push(event));
  privacy.detach();
  assert.deepEqual(answers, ['disagree']);
});

test('the page in front shows the privacy dialog, also after it returns to the front', () => {
  let ask = null;
  phone({ onNeedPrivacyAuthorization: (act) => (ask = act), getPrivacySetting: () => {} });
  const behind = render('components/privacy/privacy');
  const front = render('components/privacy/privacy');
  front.detach();
  behind.triggerPageLifeTime('show');
  ask(() => {});
  assert.equal(behind.querySelectorAll('.sheet').length, 1);
  behind.detach();
});

/** The live page, whose questions for the server's models wait for answers. */
async function livePageWithModels() {
  const asked = [];
  const request = (question) => asked.push(question);
  const { stored, page } = await livePage({ server: 'example.org', language: 'en' }, { request });
  const answer = (models) => asked.shift().success({ statusCode: 200, data: { models } });
  return { stored, asked, answer, page };
}

test('without a server, the live page leads to the settings', async () => {
  const { asked, page } = await livePage(null);
  assert.match(texts(page, '.pill')[0], /尚未设置服务器/);
  assert.equal(page.querySelectorAll('#camera').length, 0);
  const notice = page.querySelector('.middle').dom.querySelector('notice');
  assert.match(notice.textContent, /请在设置中填写服务器地址/);
  page.instance.act({ detail: { action: page.data.status.action } });
  await settle();
  assert.deepEqual(asked, ['/pages/settings/settings']);
  page.instance.onUnload();
});

test('the live page shows the camera once it is allowed, and its buttons work', async () => {
  const { asked, page } = await livePage({ server: 'example.org', language: 'en' });
  assert.equal(page.querySelectorAll('#camera').length, 1);
  assert.match(texts(page, '.pill')[0], /Connecting/);
  const controls = page.querySelector('.controls');
  await tap(page, '.gear');
  for (const name of ['photo', 'shutter', 'flip']) {
    page.instance.onHide(); // behind the page that has been opened
    page.instance.onShow();
    await settle();
    controls.dispatchEvent(name);
    await settle();
  }
  const photo = '/pages/photo/photo';
  assert.deepEqual(asked, ['/pages/settings/settings', photo, `${photo}?path=${encodeURIComponent('wxfile://taken.jpg')}`]);
  assert.equal(page.data.position, 'front');
  page.instance.onUnload();
});

test('a camera that the system stopped is recreated once the page is in front', async () => {
  const { stored, page } = await livePage();
  const cameras = () => page.querySelectorAll('#camera').length;
  page.instance.cameraReady();
  page.instance.cameraStopped();
  assert.deepEqual([cameras(), page.instance.camera.ready], [0, false]);
  await settle();
  assert.equal(cameras(), 1);
  page.instance.cameraReady();
  page.instance.onHide();
  page.instance.cameraStopped();
  await settle();
  assert.equal(cameras(), 0);
  page.instance.onShow();
  await settle();
  assert.equal(cameras(), 1);
  page.instance.onUnload();
});

test('changing the server or the frame size discards the previous model and camera', async () => {
  const { stored, page } = await livePage();
  page.instance.cameraReady();
  page.instance.modelChanged({ name: 'digits', version: 3, label: null, task: 'detection', labels: [] });
  assert.match(texts(page, '.model')[0], /digits 3/);
  page.instance.onHide();
  stored.set('framewire.settings', { server: 'example.com', frameSize: 'small' });
  page.instance.onShow();
  assert.deepEqual([page.querySelectorAll('.model').length, page.querySelectorAll('#camera').length], [0, 0]);
  await settle();
  assert.equal(page.querySelectorAll('#camera').length, 1);
  page.instance.onUnload();
});

for (const boxes of ['live', 'exact']) {
  test(`boxes between two results: ${boxes}`, async () => {
    const canvas = new Canvas({ width: 300, height: 400 }, false);
    const { page } = await livePage({ server: 'example.org', boxes }, { createSelectorQuery: finding({ overlay: canvas }) });
    const result = { boxes: [[0, 0, 0.5, 0.5]], scores: [0.9], classes: [1], ids: [1], velocities: [[0.2, 0, 0.2, 0]] };
    const at = now();
    for (const captured_at of [at - 1200, at - 200]) {
      page.instance.resultReceived({ ...result, captured_at }, { captured_at, upright: { width: 3, height: 4 } });
    }
    const [{ x: before }] = canvas.strokes;
    await new Promise((resolve) => setTimeout(resolve, 150));
    assert.equal(canvas.strokes.length, 2);
    assert.equal(canvas.strokes[0].x > before, boxes === 'live');
    page.instance.onUnload();
    assert.deepEqual(canvas.strokes, []);
  });
}

test('a sign-in that failed without network is retried when the network is back', async () => {
  const { stored, page } = await livePage();
  let opened = 0;
  page.instance.connection.client.open = () => (opened += 1);
  for (const [code, times] of [['unreachable', 1], ['login_refused', 1]]) {
    page.instance.connection.setNetwork('none');
    page.instance.connection.setState({ name: 'refused', code, message: 'no' });
    page.instance.connection.setNetwork('wifi');
    assert.equal(opened, times, code);
  }
  page.instance.onUnload();
});

test('the live page switches among the server’s models, in the same session', async () => {
  const asked = [];
  const models = [
    { name: 'digits', version: 3, label: 'stable', task: 'detection', state: 'ready', default: true },
    { name: 'pose', version: 1, label: null, task: 'keypoints', state: 'ready' },
    { name: 'gone', version: null, label: null, state: 'unknown_model' },
  ];
  const request = ({ url, success }) => {
    asked.push(url);
    success({ statusCode: 200, data: { models } });
  };
  const { page } = await livePage({ server: 'example.org', language: 'en' }, { request });
  page.instance.modelChanged({ ...models[0], labels: ['zero', 'one'] });
  assert.deepEqual(asked, ['https://example.org/v1/models']);
  assert.deepEqual(page.data.models, {
    names: ['digits (stable) · object detection', 'pose · pose estimation', 'gone · not available'],
    index: 0,
  });
  assert.deepEqual(page.data.options.controls, { score: true, opacity: false, classes: true });
  const configured = [];
  page.instance.connection.client.configure = (options) => configured.push(options);
  const { client } = page.instance.connection;
  page.instance.modelPicked({ detail: { value: '1' } });
  assert.deepEqual(configured, [{ model: 'pose', label: null, version: null }]);
  page.instance.modelChanged({ ...models[1], labels: ['nose'], skeleton: [] });
  assert.deepEqual(page.data.options.controls, { score: true, opacity: false, classes: false });
  page.instance.onHide();
  page.instance.onShow();
  assert.equal(page.instance.connection.client, client, 'the choice is kept, and so is the client');
  page.instance.onUnload();
});

test('a model that is promoted meanwhile appears when somebody reaches for the models', async (context) => {
  const digits = { name: 'digits', version: 3, label: null, task: 'detection', state: 'ready' };
  const faces = { ...digits, name: 'faces', default: true };
  const { stored, asked, answer, page } = await livePageWithModels();
  const later = (ms) => {
    const at = Date.now() + ms;
    context.mock.method(Date, 'now', () => at);
  };
  const touch = async () => {
    const event = Object.assign(new CustomEvent('touchstart', { bubbles: true }), { touches: [], changedTouches: [] });
    page.querySelector('.bottom').dom.dispatchEvent(event);
    await settle();
  };
  await touch();
  assert.equal(asked.length, 0, 'without a model, there is nothing to choose');
  page.instance.modelChanged({ ...digits, labels: ['zero'] });
  answer([digits]);
  await touch();
  assert.equal(asked.length, 0, 'the server has just been asked');
  later(2001);
  await touch();
  assert.equal(asked.length, 1);
  assert.deepEqual(page.data.models.names, ['digits · object detection'], 'nothing goes away meanwhile');
  answer([faces, digits]);
  const names = ['digits · object detection', 'faces · object detection'];
  assert.deepEqual(page.data.models, { names, index: 0 }, 'each keeps its place, also in a menu that is open');
  later(2001);
  await touch();
  answer([]);
  assert.deepEqual(page.data.models.names, names, 'what the server forgets stays');
  stored.set('framewire.settings', { server: 'example.com', language: 'en' });
  page.instance.onHide();
  page.instance.onShow();
  later(2001);
  await touch();
  const late = asked.shift();
  page.instance.modelChanged({ ...digits, labels: ['zero'] });
  assert.deepEqual(page.data.models.names, [names[0]], 'another server has other models');
  late.success({ statusCode: 200, data: { models: [faces] } });
  assert.deepEqual(page.data.models.names, [names[0]], 'and the first one is no longer heard');
  page.instance.onUnload();
});

test('a model that gets its first label meanwhile is listed once, in its place', async (context) => {
  const plain = { name: 'digits', version: 3, label: null, task: 'detection', state: 'ready' };
  const [stable, faces] = [{ ...plain, label: 'stable' }, { ...plain, name: 'faces' }];
  const { answer, page } = await livePageWithModels();
  page.instance.modelChanged({ ...plain, labels: ['zero'] });
  answer([plain, faces]);
  page.instance.modelChanged({ ...stable, labels: ['zero'] });
  const names = ['digits (stable) · object detection', 'faces · object detection'];
  assert.deepEqual(page.data.models, { names, index: 0 }, 'before the server has been asked again');
  answer([stable, faces]);
  assert.deepEqual(page.data.models, { names, index: 0 });

  page.instance.modelPicked({ detail: { value: '1' } });
  page.instance.modelChanged({ ...faces, labels: ['face'] });
  answer([stable, faces]);
  assert.deepEqual(page.data.models, { names, index: 1 });
  page.instance.modelPicked({ detail: { value: '0' } });
  page.instance.modelChanged({ ...stable, labels: ['zero'] });
  answer([stable, { ...faces, label: 'stable' }]);
  assert.deepEqual(page.data.models.names, [names[0], 'faces (stable) · object detection']);
  page.instance.onUnload();
});

/** The `wx` of a system that lets WeChat use the camera, or not. */
function systemThat(cameraAuthorized) {
  return { getAppAuthorizeSetting: () => ({ cameraAuthorized }), openAppAuthorizeSetting: () => {} };
}

for (const [name, refusal] of [
  ['privacy', { requirePrivacyAuthorize: ({ fail }) => fail({ errMsg: 'fail' }) }],
  ['camera_refused', { authorize: ({ fail }) => fail({ errMsg: 'auth deny' }) }],
  ['camera_refused', { authorize: ({ fail }) => fail({ errMsg: 'auth deny' }), ...systemThat('denied') }], // not asked yet
  ['camera_blocked', { authorize: ({ fail }) => fail({ errMsg: 'system permission denied' }), ...systemThat('denied') }],
  ['camera_refused', { authorize: ({ fail }) => fail({ errMsg: 'system permission denied' }), openAppAuthorizeSetting: undefined }], // before 2.25.3
]) {
  test(`without ${name}, the live page shows no camera and explains why`, async () => {
    const { page } = await livePage({ server: 'example.org' }, refusal);
    assert.equal(page.querySelectorAll('#camera').length, 0);
    assert.equal(page.data.status.name, name);
    page.instance.onUnload();
  });
}

/** Choose a photo whose upload gets a result; its marks go to a canvas of 300 x 200. */
async function recognized(result, model) {
  globalData.model = model;
  const canvas = new Canvas({ width: 300, height: 200 }, false);
  const sent = [];
  const stored = phone({
    chooseMedia: ({ success }) => success({ tempFiles: [{ tempFilePath: 'photo.jpg' }] }),
    createOffscreenCanvas: (size) => new Canvas(size, false),
    createSelectorQuery: finding({ marks: canvas }),
    uploadFile: (options) => {
      sent.push(options);
      options.success({ statusCode: 200, data: JSON.stringify({ type: 'result', ...result }) });
    },
  });
  stored.set('framewire.settings', { server: 'example.org', model: 'digits', language: 'en' });
  const page = shown('pages/photo/photo');
  assert.deepEqual(texts(page, '.choose'), ['Choose a photo']);
  await tap(page, '.choose');
  await settle();
  assert.deepEqual(texts(page, '.choose'), ['Choose another']);
  const change = async (detail) => {
    page.instance.optionChanges({ detail });
    await settle();
  };
  return { page, canvas, sent, change, drawn: () => canvas.texts.map(({ text }) => text) };
}

const DIGITS = { name: 'digits', task: 'detection', labels: ['zero', 'one', 'two'] };
const TWO = { boxes: [[0.1, 0.2, 0.5, 0.6], [0.6, 0.5, 1, 1]], scores: [0.9, 0.55], classes: [1, 2] };

test('a photo is chosen, uploaded and marked; the slider and the classes filter the marks', async () => {
  const { page, canvas, sent, change, drawn } = await recognized(TWO, DIGITS);
  assert.equal(sent[0].url, 'https://example.org/v1/infer');
  assert.equal(sent[0].filePath, 'photo.jpg');
  assert.deepEqual({ ...sent[0].formData }, { model: 'digits', min_score: 0.05, max_results: 2 ** 31 });
  assert.deepEqual(drawn(), ['one  90 %', 'two  55 %']);
  const { x, y, width, height } = canvas.strokes[1];
  assert.deepEqual([x, y, width, height], [30, 40, 120, 80]);
  assert.match(texts(page, '.message')[0], /one\u00a090\u00a0% · two\u00a055\u00a0%/);
  await change({ toggled: 2 });
  assert.deepEqual(drawn(), ['two  55 %']);
  await change({ toggled: 2 });
  const { options } = page.data;
  await change({ percent: 80, isResting: false });
  assert.deepEqual([drawn(), page.data.options], [['one  90 %'], options], 'the controls stay while one moves');
  await change({ percent: 81 });
  assert.deepEqual([drawn(), page.data.options.percent], [['one  90 %'], 81]);
});

test('a photo has the masks of its boxes, in the opacity that is set', async () => {
  const masks = { width: 2, height: 2, runs: [[2, 2], []] }; // the lower half of the first box
  const { canvas, change } = await recognized({ ...TWO, box_masks: masks }, { ...DIGITS, masks: true });
  const mask = () => canvas.shapes.find(({ kind }) => kind === 'fill');
  assert.deepEqual(mask().path, [{ x: 30, y: 80, width: 120, height: 40 }]);
  assert.equal(mask().opacity, 0.55);
  await change({ opacity: 20 });
  assert.equal(mask().opacity, 0.2);
});

test('a photo is drawn as the live page draws it, whatever the task', async () => {
  const kinds = ({ canvas }) => new Set(canvas.shapes.map(({ kind }) => kind));
  const classes = await recognized({ classes: [1, 0], scores: [0.7, 0.3] }, { ...DIGITS, task: 'classification' });
  assert.deepEqual(classes.drawn(), ['one', '70 %', 'zero', '30 %']);
  assert.equal(classes.sent[0].formData.max_results, 5);
  const body = { name: 'body', task: 'keypoints', labels: ['left_eye', 'right_eye'], skeleton: [[0, 1]] };
  const poses = await recognized({ keypoints: [[0.2, 0.5, 0.9, 0.4, 0.5, 0.9]], scores: [0.8] }, body);
  assert.deepEqual([...kinds(poses)], ['stroke', 'fill']);
  const masks = await recognized({ masks: { width: 2, height: 1, runs: [0, 1, 1, 1] } }, { ...DIGITS, task: 'segmentation' });
  assert.deepEqual([...kinds(masks)], ['image']);
  assert.equal(masks.page.data.options.controls.score, false);
  const map = await recognized({ map: { width: 2, height: 1, low: 0, high: 3, levels: [0, 255] } }, { name: 'depth', task: 'map', labels: [], unit: 'm' });
  assert.deepEqual([...kinds(map)], ['image']);
  assert.match(texts(map.page, '.message')[0], /0 m – 3 m/);
  const raw = await recognized({ outputs: { raw: { dtype: 'float32', shape: [1], data: [0.5] } } }, { name: 'raw', task: 'tensors', labels: [] });
  assert.deepEqual([texts(raw.page, '.output-name'), texts(raw.page, '.output-values')], [['raw'], ['0.5']]);
});

test('a photo has the names that its result carries, also when the live page had no model', async () => {
  assert.deepEqual((await recognized({ ...TWO, labels: ['uno', 'due'] }, null)).drawn(), ['uno  90 %', 'due  55 %']);
});

test('a photo that the live page took is recognized at once', async () => {
  const sent = [];
  const stored = phone({
    uploadFile: ({ filePath }) => sent.push(filePath),
    createSelectorQuery: finding({}),
  });
  stored.set('framewire.settings', { server: 'example.org' });
  const page = shown('pages/photo/photo', { path: encodeURIComponent('wxfile://taken.jpg') });
  await settle();
  assert.deepEqual(sent, ['wxfile://taken.jpg']);
  assert.equal(page.querySelectorAll('.veil').length, 1);
});

test('a photo that fails is explained, and another one can be chosen', async () => {
  const stored = phone({
    chooseMedia: ({ success }) => success({ tempFiles: [{ tempFilePath: 'photo.jpg' }] }),
    uploadFile: ({ fail }) => fail({ errMsg: 'uploadFile:fail url not in domain list' }),
    createSelectorQuery: finding({}),
  });
  stored.set('framewire.settings', { server: 'example.org' });
  const page = shown('pages/photo/photo');
  await tap(page, '.choose');
  await settle();
  assert.match(texts(page, '.message')[0], /https:\/\/example\.org/);
  assert.equal(page.data.isBusy, false);
});
