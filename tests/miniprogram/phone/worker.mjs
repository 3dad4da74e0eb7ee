/** WeChat's Worker: code of its own folder in a context of its own; messages are copies. */

import { join } from 'node:path';

import { Modules, ROOT } from './modules.mjs';

export class PhoneWorker {
  /**
   * @param {object} phone
   * @param {string} path of the code, from the mini-program's root
   */
  constructor(phone, path, { useExperimentalWorker }) {
    if (phone.worker) throw new Error('createWorker:fail exceed max concurrent worker limit');
    if (!useExperimentalWorker) throw new Error('only an experimental Worker has camera frames');
    phone.worker = this;
    this._phone = phone;
    this._heard = { page: () => {}, worker: () => {} };
    const end = {
      onMessage: (act) => (this._heard.worker = act),
      postMessage: (message) => this._post('page', message),
      getCameraFrameData: () => this._frame(),
    };
    new Modules({ worker: end }, join(ROOT, 'workers/')).require(join(ROOT, path));
  }

  onMessage(act) {
    this._heard.page = act;
  }

  onProcessKilled() {}

  postMessage(message) {
    this._post('worker', message);
  }

  terminate() {
    this._phone.worker = null;
  }

  _post(to, message) {
    const copy = structuredClone(message);
    setTimeout(() => this._phone.worker === this && this._heard[to](copy), 0);
  }

  /** The camera's frame, if its listener was started with this Worker. */
  _frame() {
    const { camera } = this._phone;
    return camera.workers.has(this) ? camera.present().data.slice(0) : new ArrayBuffer(0);
  }
}
