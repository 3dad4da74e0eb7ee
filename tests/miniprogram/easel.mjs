/**
 * Pages and components on glass-easel, WeChat's own component framework, in jsdom: the same files
 * that DevTools compiles, with real templates, data updates and events.
 */

import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { fileURLToPath } from 'node:url';

import { JSDOM } from 'jsdom';

import { library } from './library.mjs';

const require = createRequire(import.meta.url);
const APP = fileURLToPath(new URL('../../miniprogram/', import.meta.url));

const { window } = new JSDOM('<!doctype html><body></body>', { pretendToBeVisual: true });
globalThis.window = window;
for (const name of ['document', 'Element', 'Node', 'Event', 'MutationObserver']) globalThis[name] = window[name];

export const { component, glassEasel, MiniProgramEnv } = require('glass-easel-miniprogram-adapter');
const { TmplGroup } = require('glass-easel-template-compiler');

const env = new MiniProgramEnv();
const codeSpace = env.createCodeSpace('', true);
const backend = new glassEasel.CurrentWindowBackendContext();
const associated = env.associateBackend(backend);
const loaded = new Set();
export const warnings = [];
glassEasel.globalOptions.throwGlobalError = true;
glassEasel.addGlobalWarningListener((message) => warnings.push(message) && false);

globalThis.App = () => {};
globalThis.getApp = () => ({ globalData: { model: null } });

/** A phone's `wx` and its storage. */
export function phone(more = {}) {
  const stored = new Map();
  globalThis.wx = {
    getStorageSync: (key) => stored.get(key) || '',
    setStorageSync: (key, value) => stored.set(key, value),
    getAppBaseInfo: () => ({ language: 'zh_CN', version: '8.0.49', SDKVersion: '3.5.0' }),
    getWindowInfo: () => ({ pixelRatio: 2, statusBarHeight: 20 }),
    setNavigationBarTitle: () => {},
    onNeedPrivacyAuthorization: () => {},
    ...more,
  };
  return stored;
}

/** Load a page or component with everything that it uses, each once. */
function load(path) {
  if (loaded.has(path)) return;
  loaded.add(path);
  const config = JSON.parse(readFileSync(`${APP}${path}.json`, 'utf8'));
  for (const used of Object.values(config.usingComponents || {})) load(used.replace(/^\//, ''));
  codeSpace.addComponentStaticConfig(path, config);
  codeSpace.addCompiledTemplate(path, compiled(path, readFileSync(`${APP}${path}.wxml`, 'utf8')));
  codeSpace.globalComponentEnv(globalThis, path, () => require(`${APP}${path}.js`));
}

/** The template, as code that DevTools would generate from it. */
function compiled(path, template) {
  const group = new TmplGroup();
  group.addTmpl(path, template);
  const source = group.getTmplGenObjectGroups();
  group.free();
  const groupList = new Function(`return ${source}`)();
  return { groupList, content: groupList[path], fallbackListenerOnNativeNode: true }; // bindtap without a colon
}

/** Open a page as WeChat does. */
export function open(path, query = {}) {
  load(path);
  return opened(path, query);
}

/** Open another developer's page, which uses the client's package. */
export function openForeign({ script, template }) {
  const path = 'pages/foreign/foreign';
  const run = new Function('require', script);
  codeSpace.addComponentStaticConfig(path, {});
  codeSpace.addCompiledTemplate(path, compiled(path, template));
  codeSpace.globalComponentEnv(globalThis, path, () => run(() => library()));
  return opened(path, {});
}

function opened(path, query) {
  const root = associated.createRoot('page', codeSpace, path);
  const placeholder = document.createElement('div');
  document.body.append(placeholder);
  root.attach(document.body, placeholder);
  const page = root.get();
  for (const [name, argument] of [['onLoad', query], ['onShow'], ['onReady']]) if (page[name]) page[name](argument);
  return { page, dom: root.getComponent().getBackendElement(), close: () => closed(page, root) };
}

function closed(page, root) {
  if (page.onUnload) page.onUnload();
  root.release();
}

/** Fire an event of one of WeChat's own components. */
export function fire(element, name, detail = {}) {
  glassEasel.triggerEvent(element.__wxElement, name, detail, { bubbles: true, composed: true });
}
