/**
 * A phone with the mini-program on it: its own code, unchanged, in a context without TextEncoder,
 * Buffer, URL, performance or eval, and in another realm than the buffers that it gets.
 */

import { readFileSync } from 'node:fs';
import { join } from 'node:path';

import jpeg from 'jpeg-js';

import { Canvas } from './canvas.mjs';
import { Modules, ROOT } from './modules.mjs';
import { Sockets } from './socket.mjs';
import { WebGlCanvas } from './webgl.mjs';
import { makeWx } from './wx.mjs';

const FRAME_MS = 50;

export class Phone {
  /** @param {object} options override the defaults below */
  constructor(options = {}) {
    this.preview = { width: 375, height: 667 };
    this.language = 'zh_CN';
    this.version = '8.0.49'; // WeChat's
    this.platform = 'android'; // or ios, which has a Worker with camera frames
    this.worker = null;
    this.online = true;
    this.domains = null; // all
    this.quietClose = false; // as iOS in the background
    this.privacy = true;
    this.cameraAllowed = true;
    this.system = 'authorized'; // what the system allows WeChat
    this.opensSystem = false;
    this.givesUrls = false;
    this.givesFiles = false;
    this.vision = null; // or VisionKit's faults: { jpeg, pixels, status }
    this.visionSessions = new Set(); // that hold the camera
    this.loginCode = '';
    this.photo = null;
    this.folder = '.'; // for its temporary files
    this.logins = 0;
    this.told = []; // the states that the live page has shown
    this.storage = new Map();
    this.networkListeners = new Set();
    Object.assign(this, options);
    this.sockets = new Sockets(this);
    this.camera = new Camera();
    this.canvases = {};
    for (const name of ['overlay', 'marks', 'jpeg', 'picture']) {
      this.canvases[name] = new Canvas({ ...this.preview }, this.givesUrls);
      this.canvases[name].readPicture = readPicture;
    }
    this.canvases.vision = new WebGlCanvas();
    this.page = null;
    this._modules = this._load();
    this._modules.require(join(ROOT, 'app.js'));
  }

  /** Open a page and show it. */
  open(name) {
    this._modules.require(join(ROOT, 'pages', name, `${name}.js`));
    this._show();
  }

  /** Open another developer's page, which uses the client's package. */
  openForeign(source) {
    this._modules.run(source, '/foreign/page.js');
    this._show();
  }

  _show() {
    const { data, ...rest } = this._defined;
    const page = { ...rest, data: JSON.parse(JSON.stringify(data || {})) };
    page.setData = (changes) => {
      if (changes.status) this.told.push(changes.status.name);
      Object.assign(page.data, JSON.parse(JSON.stringify(changes)));
    };
    page.selectComponent = () => null; // this phone renders no components
    this.page = page;
    if (page.onLoad) page.onLoad({});
    if (page.onShow) page.onShow();
    if (page.onReady) page.onReady();
  }

  /** Lose the network, or regain it. */
  network(online) {
    this.online = online;
    if (!online) this.sockets.cut();
    const networkType = online ? 'wifi' : 'none';
    for (const listener of this.networkListeners) listener({ isConnected: online, networkType });
  }

  _load() {
    const shown = { app: null };
    return new Modules({
      wx: makeWx(this),
      App: (app) => (shown.app = app),
      getApp: () => shown.app,
      Page: (options) => (this._defined = options),
    });
  }
}

/** Delivers one frame repeatedly to its listeners, or those of a film. */
class Camera {
  constructor() {
    this.frame = null;
    this.workers = new Set(); // that its listeners deliver to
    this._film = null;
    this._timers = new Set();
  }

  listener(act) {
    let timer = null;
    const stop = () => {
      clearInterval(timer);
      this._timers.delete(timer);
    };
    return {
      start: ({ worker } = {}) => {
        stop();
        if (worker) this.workers.add(worker);
        timer = setInterval(() => this._deliver(act), FRAME_MS);
        this._timers.add(timer);
      },
      stop,
    };
  }

  /** How many listeners are active. */
  listeners() {
    return this._timers.size;
  }

  point({ file, width, height }) {
    const bytes = readFileSync(file);
    const data = bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.length);
    this.frame = { width, height, data };
  }

  /** Play a film in a loop from now on: a file of RGBA frames, one after another. */
  play({ file, width, height, frameMs }) {
    const bytes = readFileSync(file);
    this._film = { bytes, width, height, frameMs, startedAt: Date.now(), frames: bytes.length / (4 * width * height) };
  }

  /** The number of the film's frame that the preview shows now. */
  filmFrame() {
    if (!this._film) return null;
    const { startedAt, frameMs, frames } = this._film;
    return Math.floor((Date.now() - startedAt) / frameMs) % frames;
  }

  /** The frame that the camera sees now. */
  present() {
    if (this._film) this.frame = this._cut(this.filmFrame());
    return this.frame;
  }

  _deliver(act) {
    const frame = this.present();
    if (frame) act({ ...frame });
  }

  _cut(number) {
    const { bytes, width, height } = this._film;
    const size = 4 * width * height;
    const start = bytes.byteOffset + number * size;
    return { width, height, data: bytes.buffer.slice(start, start + size) };
  }
}

function readPicture(path) {
  try {
    return jpeg.decode(readFileSync(path), { useTArray: true });
  } catch (error) {
    return null;
  }
}
