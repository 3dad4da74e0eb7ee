/** Pages and components, rendered by miniprogram-simulate in jsdom. */

import { createRequire } from 'node:module';
import { fileURLToPath } from 'node:url';

import { JSDOM } from 'jsdom';

import { settle } from './settle.mjs';

export { settle };

const require = createRequire(import.meta.url);
const APP = fileURLToPath(new URL('../../miniprogram/', import.meta.url));

const { window } = new JSDOM('<!doctype html><body></body>', { pretendToBeVisual: true });
const BROWSERS = ['window', 'document', 'HTMLElement', 'Element', 'Node', 'Event', 'CustomEvent', 'MutationObserver'];
globalThis.window = window;
for (const name of BROWSERS.slice(1)) globalThis[name] = window[name];
if (!globalThis.navigator) globalThis.navigator = window.navigator;
const simulate = require('miniprogram-simulate');

/** Run a page as a component: functions become methods, other fields belong to the instance. */
globalThis.Page = ({ data, ...rest }) => {
  const methods = {};
  const fields = {};
  for (const [name, value] of Object.entries(rest)) {
    (typeof value === 'function' ? methods : fields)[name] = value;
  }
  const attached = function attached() {
    Object.assign(this, fields);
  };
  globalThis.Component({ data, methods, lifetimes: { attached } });
};
globalThis.App = () => {};
/** The live page's model; tests replace it. */
export const globalData = { model: { name: 'digits', task: 'detection', labels: ['zero', 'one', 'two'] } };
globalThis.getApp = () => ({ globalData });

/** A `wx.createSelectorQuery` that finds these canvases, by id, in the size that they have now. */
export function finding(canvases) {
  const found = new Map(Object.entries(canvases).map(([id, node]) => [`#${id}`, { node, width: node.width, height: node.height }]));
  return () => {
    const asked = [];
    const query = {
      select: (selector) => {
        asked.push(found.get(selector) || null);
        return { fields: () => query };
      },
      exec: (act) => act(asked),
    };
    return query;
  };
}

/** A default `wx`; tests replace what they need. */
export function phone(more = {}) {
  const stored = new Map();
  Object.assign(globalThis.wx, {
    getStorageSync: (key) => stored.get(key) || '',
    setStorageSync: (key, value) => stored.set(key, value),
    getAppBaseInfo: () => ({ language: 'zh_CN' }),
    getWindowInfo: () => ({ pixelRatio: 2, statusBarHeight: 20 }),
    setNavigationBarTitle: () => {},
    onNeedPrivacyAuthorization: () => {},
    request: () => {},
    ...more,
  });
  return stored;
}

phone();

/** Render a component or a page, attached to the document. */
export function render(path, properties = {}) {
  const id = simulate.load(`${APP}${path}`, { rootPath: APP });
  const rendered = simulate.render(id, properties);
  const parent = document.createElement('parent-wrapper');
  rendered.attach(parent);
  document.body.append(parent);
  return rendered;
}

/** Render a page, and show it as WeChat does. */
export function shown(path, query = {}) {
  const page = render(path);
  if (page.instance.onLoad) page.instance.onLoad(query);
  if (page.instance.onShow) page.instance.onShow();
  if (page.instance.onReady) page.instance.onReady();
  return page;
}

/** What a live page asks of a phone that is online and whose user permits everything. */
export const WILLING = {
  onNetworkStatusChange: () => {},
  offNetworkStatusChange: () => {},
  getNetworkType: ({ success }) => success({ networkType: 'wifi' }),
  setKeepScreenOn: () => {},
  authorize: ({ success }) => success(),
  requirePrivacyAuthorize: ({ success }) => success(),
};

/** The live page on a phone where everything works, except as given. */
export async function livePage(settings = { server: 'example.org' }, more = {}) {
  const asked = [];
  const stored = phone({
    ...WILLING,
    navigateTo: ({ url }) => asked.push(url),
    createSelectorQuery: finding({}),
    connectSocket: () => new Proxy({}, { get: () => () => {} }),
    createCameraContext: () => ({ takePhoto: ({ success }) => success({ tempImagePath: 'wxfile://taken.jpg' }) }),
    ...more,
  });
  if (settings) stored.set('framewire.settings', settings);
  const page = shown('pages/live/live');
  await settle();
  return { stored, asked, page };
}

/** The text of every match. */
export function texts(rendered, selector) {
  return rendered.querySelectorAll(selector).map(({ dom }) => dom.textContent.trim());
}

/** Tap an element and wait for the effects. */
export async function tap(rendered, selector) {
  rendered.querySelector(selector).dispatchEvent('tap');
  await simulate.sleep(0);
}

/** Fire an event of one of WeChat's own components. */
export async function fire(rendered, selector, name, detail) {
  rendered.querySelector(selector).dispatchEvent(name, { detail });
  await simulate.sleep(0);
}
