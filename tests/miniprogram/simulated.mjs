/** Pages and components as WeChat's own simulator renders them, in a DOM without a browser. */

import { createRequire } from 'node:module';
import { fileURLToPath } from 'node:url';

import { JSDOM } from 'jsdom';

const require = createRequire(import.meta.url);
const APP = fileURLToPath(new URL('../../miniprogram/', import.meta.url));

const { window } = new JSDOM('<!doctype html><body></body>', { pretendToBeVisual: true });
const BROWSERS = ['window', 'document', 'HTMLElement', 'Element', 'Node', 'Event', 'CustomEvent', 'MutationObserver'];
globalThis.window = window;
for (const name of BROWSERS.slice(1)) globalThis[name] = window[name];
if (!globalThis.navigator) globalThis.navigator = window.navigator;
const simulate = require('miniprogram-simulate');

/** A page is a component here: its functions become methods, its other fields the instance's own. */
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
globalThis.getApp = () => ({ globalData: { labels: ['zero', 'one', 'two'] } });

/** What the mini-program asks of `wx` here; a test replaces what it needs. */
export function phone(more = {}) {
  const stored = new Map();
  Object.assign(globalThis.wx, {
    getStorageSync: (key) => stored.get(key) || '',
    setStorageSync: (key, value) => stored.set(key, value),
    getAppBaseInfo: () => ({ language: 'zh_CN' }),
    getWindowInfo: () => ({ pixelRatio: 2, statusBarHeight: 20 }),
    setNavigationBarTitle: () => {},
    onNeedPrivacyAuthorization: () => {},
    ...more,
  });
  return stored;
}

phone();

/** Renders a component or a page, attached to the document. */
export function render(path, properties = {}) {
  const id = simulate.load(`${APP}${path}`, { rootPath: APP });
  const rendered = simulate.render(id, properties);
  const parent = document.createElement('parent-wrapper');
  rendered.attach(parent);
  document.body.append(parent);
  return rendered;
}

/** The text of all that matches. */
export function texts(rendered, selector) {
  return rendered.querySelectorAll(selector).map(({ dom }) => dom.textContent.trim());
}

/** A tap, and what it leads to. */
export async function tap(rendered, selector) {
  rendered.querySelector(selector).dispatchEvent('tap');
  await simulate.sleep(0);
}

/** An event of one of WeChat's own components, with its detail. */
export async function fire(rendered, selector, name, detail) {
  rendered.querySelector(selector).dispatchEvent(name, { detail });
  await simulate.sleep(0);
}
