// Copies the browser's client into the mini-program, from ES modules to CommonJS.
//
//     node miniprogram/client/copy.mjs           write the copies
//     node miniprogram/client/copy.mjs --check   say which ones differ, and fail
//
// A mini-program's folder must hold all that it runs, and `require` works in every one of them,
// whatever its compiler's settings are. So the one source is static/, and these are made of it.

import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { basename, relative } from 'node:path';
import { fileURLToPath } from 'node:url';

const STATIC = new URL('../../static/', import.meta.url);
const COPIES = new URL('./lib/core/', import.meta.url);
export const SOURCES = [
  'framewire.js',
  'clock.js',
  'connection.js',
  'pacing.js',
  'uplink.js',
  'msgpack.js',
  'utf8.js',
  'page/geometry.js',
  'page/figures.js',
  'page/pulse.js',
];

const IMPORT = /^import (\{[^}]*\}) from '(\.\/[\w.-]+)';$/gm;
const EXPORT = /^export (class|function|const) (\w+)/gm;

/** The CommonJS text of one ES module, which may import and export at the start of a line only. */
export function toCommonJs(source, name) {
  const exported = [...source.matchAll(EXPORT)].map(([, , each]) => each);
  const body = source
    .replace(IMPORT, "const $1 = require('$2');")
    .replace(EXPORT, '$1 $2');
  const rest = body.match(/^(import|export)\b.*/m);
  if (rest) throw new Error(`${name}: cannot copy "${rest[0]}"`);
  const head = `// Made from static/${name} by \`make miniprogram\`; change it there.\n'use strict';\n\n`;
  return `${head}${body}\nmodule.exports = { ${exported.join(', ')} };\n`;
}

async function copies() {
  const made = [];
  for (const name of SOURCES) {
    const source = await readFile(new URL(name, STATIC), 'utf8');
    made.push({ file: new URL(basename(name), COPIES), text: toCommonJs(source, name) });
  }
  return made;
}

async function main() {
  const check = process.argv.includes('--check');
  await mkdir(COPIES, { recursive: true });
  const stale = [];
  for (const { file, text } of await copies()) {
    const present = await readFile(file, 'utf8').catch(() => null);
    if (present === text) continue;
    stale.push(relative(process.cwd(), fileURLToPath(file)));
    if (!check) await writeFile(file, text);
  }
  for (const file of stale) console.log(check ? `${file} differs: run make miniprogram` : file);
  if (check && stale.length > 0) process.exitCode = 1;
}

if (process.argv[1] === fileURLToPath(import.meta.url)) await main();
