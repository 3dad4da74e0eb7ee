// What WeChat DevTools reads: the project, its pages, and the client's package.

import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync, readdirSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { test } from 'node:test';

import ts from 'typescript';

import { toCommonJs } from '../../miniprogram/client/copy.mjs';

const APP = new URL('../../miniprogram/', import.meta.url);
const read = (name) => readFileSync(new URL(name, APP), 'utf8');
const json = (name) => JSON.parse(read(name));
const sources = readdirSync(APP, { recursive: true }).filter((name) => name.endsWith('.js'));
const PACKAGE_LIMIT = 2 * 1024 * 1024; // bytes of a mini-program's code

test('every registered page and component has its four files', () => {
  const { pages } = json('app.json');
  const named = pages.flatMap((page) => {
    const { usingComponents } = json(`${page}.json`);
    return [page, ...Object.values(usingComponents).map((path) => path.slice(1))];
  });
  for (const name of named) {
    for (const kind of ['js', 'json', 'wxml', 'wxss']) assert.ok(existsSync(new URL(`${name}.${kind}`, APP)), name);
  }
});

test('components’ styles use class selectors only, as WeChat requires', () => {
  const styles = readdirSync(new URL('components/', APP), { recursive: true }).filter((name) => name.endsWith('.wxss'));
  assert.ok(styles.length > 0);
  for (const name of styles) {
    const source = read(`components/${name}`).replace(/\/\*[\s\S]*?\*\/|@keyframes[\s\S]*?\n\}/g, '');
    for (const [, selectors] of source.matchAll(/([^{}]+)\{/g)) assert.match(selectors.trim(), /^(\.[\w-]+[\s,]*)+$/, name);
  }
});

test('both themes define every colour that the window uses', () => {
  const wanted = Object.values(json('app.json').window).filter((value) => value.startsWith('@'));
  const { light, dark } = json(json('app.json').themeLocation);
  assert.ok(wanted.length > 0);
  for (const name of wanted) for (const theme of [light, dark]) assert.ok(theme[name.slice(1)], name);
});

test('the camera, privacy and a tourist’s appid are declared', () => {
  const { permission, __usePrivacyCheck__: asks } = json('app.json');
  assert.ok(permission['scope.camera'].desc);
  assert.equal(asks, true);
  assert.equal(json('project.config.json').appid, 'touristappid');
});

test('the code is ES2018, and DevTools transpiles it for older phones', () => {
  const { es6, enhance } = json('project.config.json').setting;
  assert.deepEqual([es6, enhance], [true, true]);
  const as = (source, target) => ts.transpile(source, { target });
  for (const name of sources) {
    const source = read(name);
    // Newer syntax would be rewritten.
    assert.equal(as(source, ts.ScriptTarget.ES2018), as(source, ts.ScriptTarget.ESNext), name);
  }
});

test('every require is a relative path to a file inside, and nothing is loaded dynamically', () => {
  for (const name of sources) {
    const source = read(name);
    for (const [, path] of source.matchAll(/\brequire\(('[^']*'|[^)]*)\)/g)) {
      assert.match(path, /^'\.\.?\/[\w./-]+\.js'$/, name);
      assert.ok(existsSync(new URL(path.slice(1, -1), new URL(name, APP))), `${name}: ${path}`);
    }
    const code = source.replace(/\/\*[\s\S]*?\*\//g, '');
    assert.doesNotMatch(code, /\beval\(|new Function\(|\bimport\(/, name);
  }
});

test('the code is far below the size limit of a mini-program', () => {
  const files = readdirSync(APP, { recursive: true, withFileTypes: true }).filter((each) => each.isFile());
  const bytes = files.reduce((sum, { parentPath, name }) => sum + readFileSync(`${parentPath}/${name}`).length, 0);
  assert.ok(bytes < PACKAGE_LIMIT / 4, `${bytes} bytes`);
});

test('the npm package contains its code and types, and nothing else', () => {
  const about = json('client/package.json');
  assert.equal(about.miniprogram, 'lib');
  for (const path of [about.main, about.types]) assert.ok(existsSync(new URL(`client/${path}`, APP)), path);
  assert.equal(about.dependencies, undefined);
  const folder = fileURLToPath(new URL('client/', APP));
  const packed = execFileSync('npm', ['pack', '--dry-run', '--json', '--loglevel=error'], { cwd: folder });
  const files = [JSON.parse(packed)].flat()[0].files.map(({ path }) => path);
  assert.ok(files.includes('lib/core/client.js') && files.includes('README.md'));
  assert.ok(files.every((path) => /^lib\/|^(package\.json|README\.md)$/.test(path)), files.join());
});

test('a copy keeps a module’s imports and exports, and an unsupported form is rejected', () => {
  const source = "import { a } from './a.js';\nexport { e, f } from './e.js';\n\nexport class B {}\nexport const c = a;\nexport function d() {}\n";
  const copy = toCommonJs(source, 'x.js');
  assert.match(copy, /^const \{ a \} = require\('\.\/a\.js'\);$/m);
  assert.match(copy, /^module\.exports = \{ B, c, d, e, f \};$/m);
  for (const strange of ['export default 5;', "import a from './a.js';", "export * from './a.js';"]) {
    assert.throws(() => toCommonJs(strange, 'x.js'), /cannot copy/);
  }
});
