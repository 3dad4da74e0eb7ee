/**
 * Encodes in WeChat's Worker, for iOS: there JavaScript is compiled in a Worker only. The Worker
 * takes the camera's present frame itself, so no pixels pass through the page.
 */
'use strict';

const { QUALITY } = require('./encodings.js');

const TIMEOUT_MS = 2000; // a Worker that the system has suspended never replies

/** @typedef {import('./encodings').Encoder} Encoder */
/** @typedef {import('./encodings').Plan} Plan */

/**
 * @typedef {object} Request a message to the Worker
 * @property {number} id
 * @property {'jpeg'|'rgb'} format
 * @property {number} quality of JPEG, 1 to 100
 * @property {import('./index').Size} from
 * @property {import('./index').Size} to
 * @property {import('./index').Rotation} rotate
 * @property {boolean} mirror
 */

/** @typedef {{id: number, data?: ArrayBuffer, error?: string}} Reply */

/** @returns {string} ios, android, devtools, ... */
function platform() {
  return (wx.getDeviceInfo ? wx.getDeviceInfo() : wx.getSystemInfoSync()).platform;
}

class EncoderWorker {
  /**
   * @param {string} path of the Worker's code, from the mini-program's root
   * @param {() => void} onKilled the system has ended the Worker
   */
  constructor(path, onKilled) {
    this._path = path;
    this._onKilled = onKilled;
    /** @type {WechatMiniprogram.Worker|null} */
    this.worker = null;
    this._lastId = 0;
    /** @type {Map<number, (reply: Reply) => void>} by id */
    this._waiting = new Map();
  }

  /** @returns {boolean} whether a Worker is faster than the page on this phone */
  static isSupported() {
    return platform() === 'ios' && typeof wx.createWorker === 'function';
  }

  /** @returns {Encoder[]} */
  encoders() {
    return [
      { name: 'jpeg-worker', format: 'jpeg', encode: (_frame, plan) => this._encode('jpeg', plan) },
      { name: 'rgb-worker', format: 'rgb', encode: (_frame, plan) => this._encode('rgb', plan) },
    ];
  }

  /** Start the Worker; WeChat allows one at a time. Without it, its encodings fail. */
  start() {
    this.stop();
    try {
      const worker = wx.createWorker(this._path, { useExperimentalWorker: true });
      this.worker = worker;
      worker.onMessage((event) => this._replied(/** @type {any} */ (event.message || event)));
      worker.onProcessKilled(() => this._killed(worker));
    } catch (error) {
      this.stop(); // another one is running, the code is missing, or WeChat is too old
    }
  }

  stop() {
    if (this.worker) this.worker.terminate();
    this.worker = null;
    for (const id of [...this._waiting.keys()]) this._replied({ id, error: 'the Worker was stopped' });
  }

  /** @param {WechatMiniprogram.Worker} worker */
  _killed(worker) {
    if (worker !== this.worker) return;
    this.worker = null;
    this.stop();
    this._onKilled();
  }

  /**
   * @param {'jpeg'|'rgb'} format
   * @param {Plan} plan
   * @returns {Promise<Uint8Array>}
   */
  _encode(format, plan) {
    const { worker } = this;
    if (!worker) return Promise.reject(new Error('there is no Worker'));
    this._lastId += 1;
    const id = this._lastId;
    return new Promise((resolve, reject) => {
      const timer = setTimeout(() => this._replied({ id, error: 'the Worker timed out' }), TIMEOUT_MS);
      this._waiting.set(id, ({ data, error }) => {
        clearTimeout(timer);
        if (data) resolve(new Uint8Array(data));
        else reject(new Error(error));
      });
      worker.postMessage({ id, format, quality: QUALITY, ...plan });
    });
  }

  /** @param {Reply} reply */
  _replied(reply) {
    const settle = this._waiting.get(reply.id);
    this._waiting.delete(reply.id);
    if (settle) settle(reply);
  }
}

module.exports = { EncoderWorker };
