// The client in a bare context: no DOM, TextEncoder, URL, timers or eval, and in another realm, much
// like in a mini-program. Needs node --experimental-vm-modules.

import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { test } from 'node:test';
import vm from 'node:vm';

import { PuppetHost, PuppetSocket, frame } from './puppet.mjs';

const FILES = new URL('../../static/client/', import.meta.url);
const CLIENT = [
  'client.js',
  'clock.js',
  'configuration.js',
  'connection.js',
  'host.js',
  'msgpack-decoder.js',
  'msgpack-encoder.js',
  'msgpack-error.js',
  'msgpack.js',
  'pacing.js',
  'sender.js',
  'uplink.js',
  'utf8.js',
];

const bare = { skip: vm.SourceTextModule ? false : 'needs node --experimental-vm-modules' };

async function importBare(missing = []) {
  const context = vm.createContext({}, { codeGeneration: { strings: false, wasm: false } });
  for (const name of missing) vm.runInContext(`delete globalThis.${name}`, context);
  const loaded = new Map();
  const load = async (specifier) => {
    const path = specifier.replace('./', '');
    if (!loaded.has(path)) {
      const source = await readFile(new URL(path, FILES), 'utf8');
      loaded.set(path, new vm.SourceTextModule(source, { context, identifier: path }));
    }
    return loaded.get(path);
  };
  const main = await load('client.js');
  await main.link(load);
  await main.evaluate();
  assert.deepEqual([...loaded.keys()].sort(), [...CLIENT].sort());
  return main.namespace;
}

for (const missing of [[], ['BigInt', 'WeakRef', 'globalThis']]) {
  test(`works without host globals, and without ${missing.join(', ') || 'anything else missing'}`, bare, async () => {
    const { FramewireClient } = await importBare(missing);
    const host = new PuppetHost();
    const results = [];
    let socket;
    const client = new FramewireClient({
      url: 'wss://gateway/ws',
      socket: (url, protocols) => (socket = new PuppetSocket(url, protocols)),
      onResult: (result, about) => results.push([result, about]),
      ...host,
    });
    client.open();
    socket.open();
    socket.welcome({ session: '会话 😀' });
    const offered = frame({ captured_at: 2 ** 41 + 0.5, data: new Uint8Array([1, 2, 3]).buffer });
    client.offer(offered);
    assert.deepEqual(socket.last().data, new Uint8Array([1, 2, 3]));
    socket.result(1, { boxes: [[0.1, 0.2, 0.3, 0.4]], captured_at: socket.last().captured_at });
    assert.equal(results[0][0].captured_at, 2 ** 41 + 0.5);
    assert.equal(results[0][1], offered);
    socket.die();
    host.advance(15000);
    socket.open();
    assert.equal(socket.last().type, 'hello');
  });
}

test('the client uses ES2020 at most, as mini-programs require', async () => {
  const later = /\?\?=|\|\|=|&&=|#[a-z_]\w*|\bstatic\s*\{|\.at\(|\.replaceAll\(|\bstructuredClone\b/;
  const field = /^ {2}(static )?\w+ = /m;
  for (const file of CLIENT) {
    const source = await readFile(new URL(file, FILES), 'utf8');
    const code = source.replace(/\/\*[\s\S]*?\*\/|\/\/.*/g, '').replace(/'[^'\n]*'|`[^`]*`/g, "''");
    assert.doesNotMatch(code, later, file);
    assert.doesNotMatch(code, field, file);
  }
});
