/**
 * The mini-program's own code, unchanged, in a context without TextEncoder, Buffer, URL, performance
 * or eval, and in another realm than the buffers that it gets.
 */

import { readFileSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import vm from 'node:vm';

export const ROOT = fileURLToPath(new URL('../../../miniprogram/', import.meta.url));
const PACKAGE = 'framewire-miniprogram'; // as DevTools builds it
const TIMERS = { setTimeout, clearTimeout, setInterval, clearInterval };

export class Modules {
  /**
   * @param {object} globals besides timers
   * @param {string} root the folder outside of which nothing can be loaded
   */
  constructor(globals, root = ROOT) {
    this._root = root;
    this._modules = new Map();
    this._context = vm.createContext({ ...globals, ...TIMERS }, { codeGeneration: { strings: false, wasm: false } });
    for (const name of ['WebAssembly', 'SharedArrayBuffer', 'Atomics']) {
      vm.runInContext(`delete globalThis.${name}`, this._context);
    }
  }

  require(path) {
    if (this._modules.has(path)) return this._modules.get(path).exports;
    if (!path.startsWith(this._root)) throw new Error(`${path} cannot be loaded from ${this._root}`);
    const module = { exports: {} };
    this._modules.set(path, module);
    this.run(readFileSync(path, 'utf8'), path, module);
    return module.exports;
  }

  run(text, path, module = { exports: {} }) {
    const source = `(function (require, module, exports) {${text}\n})`;
    const run = new vm.Script(source, { filename: path }).runInContext(this._context);
    const require = (name) => {
      if (name === PACKAGE) return this.require(join(ROOT, 'client/lib/index.js'));
      if (!name.startsWith('.')) throw new Error(`${path}: ${name} is not in this mini-program`);
      return this.require(resolve(dirname(path), name));
    };
    run(require, module, module.exports);
  }
}
