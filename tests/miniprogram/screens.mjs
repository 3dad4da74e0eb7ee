/**
 * Writes the mini-program's pages as HTML, as their code and templates render them: see screens.py.
 *
 *     node screens.mjs FOLDER LANGUAGE
 *
 * The pages are real; WeChat's own components (camera, switch, slider, picker, input) are outlines.
 */

import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

import { library } from './library.mjs';
import { WILLING, finding, phone, settle, shown, tap } from './simulated.mjs';

const APP = new URL('../../miniprogram/', import.meta.url);
const { now } = library('core/clock');
const [folder, language] = process.argv.slice(2);
const PHOTO = 'photo.jpg'; // screens.py puts it into the folder
const SERVER = 'vision.example.org';
const MODEL = { name: 'digits', version: 3, label: 'stable', task: 'detection', labels: [...'0123456789'] };
const SCREEN = { width: 375, height: 812 };
const PICTURE = { width: 343, height: 457 }; // the photo on its page
const MODELS = [MODEL, { name: 'pose', version: 1, label: null, task: 'keypoints' }].map((model) => ({ ...model, state: 'ready' }));
const FIGURES = [['latency', '68 ms'], ['rate', '24.8'], ['trip', '41 ms'], ['bytes', '6 KB'], ['encoding', 'JPEG'], ['lost', '2']];
const BOXES = JSON.parse(readFileSync(join(folder, 'boxes.json'), 'utf8'));

const query = { select: () => ({ fields: () => query }), exec: (act) => act([null, null]) };
const PHONE = {
  ...WILLING,
  setNavigationBarTitle: ({ title }) => (shownTitle = title),
  getWindowInfo: () => ({ pixelRatio: 2, statusBarHeight: 47 }),
  createSelectorQuery: () => query,
  connectSocket: () => new Proxy({}, { get: () => () => {} }),
  request: ({ success }) => success({ statusCode: 200, data: { models: MODELS } }),
};
const ATTRIBUTES = ['src', 'type', 'checked', 'value', 'placeholder', 'disabled'];
let shownTitle = '';
globalThis.getApp = () => ({ globalData: { model: MODEL } });

/** Open a page with settings, on a phone that differs as given. */
async function open(name, settings = {}, more = {}) {
  shownTitle = '';
  const stored = phone({ ...PHONE, ...more });
  stored.set('framewire.settings', { server: SERVER, language, ...settings });
  const page = shown(`pages/${name}/${name}`);
  await settle();
  return page;
}

/** A canvas that notes what is drawn, for the HTML to draw it again. */
function recorder() {
  const calls = [];
  let width = 0;
  const pen = new Proxy(
    {},
    {
      get: (_, name) => (...parameters) => {
        calls.push([name, ...parameters]);
        return name === 'measureText' ? { width: 8 * parameters[0].length } : undefined;
      },
      set: (_, name, value) => calls.push(['=', name, value]) > 0,
    },
  );
  const node = {
    height: 0,
    get width() {
      return width;
    },
    set width(value) {
      width = value;
      calls.length = 0; // it empties a canvas
    },
    getContext: () => pen,
    requestAnimationFrame: () => 1,
    cancelAnimationFrame: () => {},
  };
  return { node, calls };
}

let drawn = [];

async function live() {
  const { node, calls } = recorder();
  const found = [{ node, ...SCREEN }, null];
  const canvases = { select: () => ({ fields: () => canvases }), exec: (act) => act(found) };
  const page = await open('live', {}, { createSelectorQuery: () => canvases });
  const { instance } = page;
  instance.modelChanged(MODEL);
  instance.connection.setState({ name: 'ready' });
  const at = now();
  drawn = calls;
  instance.resultReceived({ ...BOXES, batch: 1 }, { captured_at: at - 68, upright: { width: 3, height: 4 } });
  instance.refresh();
  const { t } = page.data;
  page.setData({ statistics: FIGURES.map(([name, value]) => ({ name: t[`stat_${name}`], value })) });
  return page;
}

async function unfolded() {
  const page = await live();
  page.querySelector('.figures').instance.toggle();
  return page;
}

function failing(reason) {
  return {
    connectSocket: ({ fail }) => {
      fail({ errMsg: `connectSocket:fail ${reason}` });
      return null;
    },
  };
}

async function settingsTested(more) {
  const page = await open('settings', {}, more);
  await tap(page, '.test');
  await settle();
  return page;
}

async function photo(answer) {
  const { node, calls } = recorder();
  drawn = calls;
  const page = await open('photo', {}, {
    createSelectorQuery: finding({ marks: Object.assign(node, PICTURE) }),
    chooseMedia: ({ success }) => success({ tempFiles: [{ tempFilePath: PHOTO }] }),
    uploadFile: answer,
  });
  await tap(page, '.choose');
  await settle();
  return page;
}

const SCREENS = {
  live,
  figures: unfolded,
  classes: async () => {
    const page = await live();
    page.querySelector('.options').instance.unfold();
    page.instance.optionChanges({ detail: { toggled: 3 } });
    page.instance.optionChanges({ detail: { toggled: 5 } });
    return page;
  },
  connecting: () => open('live'),
  offline: async () => {
    const page = await open('live');
    page.instance.connection.setState({ name: 'reconnecting', code: 1006, reason: 'url not in domain list' });
    return page;
  },
  denied: () => open('live', {}, { authorize: ({ fail }) => fail({ errMsg: 'auth deny' }) }),
  empty: () => open('photo'),
  photo: () => photo(({ success }) => success({ statusCode: 200, data: JSON.stringify({ type: 'result', ...BOXES }) })),
  sending: async () => {
    const page = await photo(() => {});
    return page;
  },
  settings: () => open('settings'),
  tested: () => settingsTested({ ...failing('url not in domain list') }),
  advanced: () => open('advanced', { model: 'digits' }),
};

/** The styles of the app for the simulator, which puts `main--` before the classes of pages. */
function appStyle() {
  const style = readFileSync(new URL('app.wxss', APP), 'utf8');
  return style.replace(/^( *)page \{/gm, '$1body {').replace(/^\.([\w-]+)/gm, '.main--$1').replace(/\}\n|\.wrong/g, (all) => (all === '.wrong' ? '.main--wrong' : all));
}

/** Draw on the page's canvas what the page drew on the recorder. */
const DRAW = `((calls) => {
  const canvas = document.createElement('canvas');
  [canvas.width, canvas.height] = [${2 * SCREEN.width}, ${2 * SCREEN.height}];
  const photo = document.querySelector('.main--marks');
  if (photo) [canvas.width, canvas.height] = [${2 * PICTURE.width}, ${2 * PICTURE.height}];
  canvas.className = photo ? photo.className : 'drawn';
  const pen = canvas.getContext('2d');
  for (const [name, ...rest] of calls) {
    if (name === '=') pen[rest[0]] = rest[1];
    else pen[name](...rest);
  }
  if (photo) photo.replaceWith(canvas);
  else document.querySelector('.main--stage')?.insertBefore(canvas, document.querySelector('.main--top'));
})`;

/** Write the attributes of WeChat's own components into the document: the simulator keeps them to itself. */
function writeAttributes(node) {
  const { $$: element, _vt: template } = node;
  if (element && element.localName && element.localName.startsWith('wx-') && template) {
    for (const { name, value } of template.attrs) {
      if (value !== false && ATTRIBUTES.includes(name)) element.setAttribute(name, value);
    }
    if (element.localName === 'wx-image') element.innerHTML = `<img src="${element.getAttribute('src')}">`;
  }
  if (node.shadowRoot) writeAttributes(node.shadowRoot);
  for (const child of node.childNodes || []) writeAttributes(child);
}

mkdirSync(folder, { recursive: true });
for (const [name, make] of Object.entries(SCREENS)) {
  drawn = [];
  document.head.innerHTML = '';
  document.body.innerHTML = '';
  const page = await make();
  writeAttributes(page._exparserNode);
  const styles = [...document.querySelectorAll('style')].map((style) => style.textContent.replace(/\bpage\{/g, 'body{'));
  const bar = shownTitle ? `<header class="bar">${shownTitle}</header>` : '';
  const head = `<meta charset="utf-8"><link rel="stylesheet" href="wechat.css"><style>${appStyle()}${styles.join('')}</style>`;
  writeFileSync(join(folder, `${name}.html`), `<!doctype html><html>${head}<body>${bar}${document.body.innerHTML}<script>${DRAW}(${JSON.stringify(drawn)})</script></body></html>`);
  if (page.instance.onUnload) page.instance.onUnload();
}
process.exit(0);
