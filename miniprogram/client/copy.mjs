// Copies the JavaScript client, and what draws each task's results, into the mini-program, with
// their types and from ES modules to CommonJS; and what the mini-program's Worker needs into the
// Worker's folder.
//
//     node miniprogram/client/copy.mjs           write the copies
//     node miniprogram/client/copy.mjs --check   list stale copies, and fail if there are any
//
// A mini-program can only load files from its own folder, a Worker only from its folder, and CommonJS
// works under any compiler settings. static/client/, static/tasks/ and lib/ are the sources; never
// edit the copies.

import { mkdir, readFile, readdir, rm, writeFile } from 'node:fs/promises';
import { relative } from 'node:path';
import { fileURLToPath } from 'node:url';

const LIBRARY = new URL('./lib/', import.meta.url);
const FOLDERS = [
  { target: new URL('./lib/core/', import.meta.url), copies: () => staticCopies('client') },
  { target: new URL('../tasks/', import.meta.url), copies: () => staticCopies('tasks') },
  { target: new URL('../workers/lib/', import.meta.url), copies: workerCopies },
];
const WORKER_FILES = ['downscaler.js', 'jpeg-encoder.js', 'jpeg-tables.js'];

const IMPORT = /^import (\{[^}]*\}) from '(\.{1,2}\/[\w./-]+)';$/gm;
const REEXPORT = /^export \{ ([\w, ]+) \} from '(\.\/[\w.-]+)';$/gm;
const EXPORT = /^export (class|function|const) (\w+)/gm;

/** Convert one ES module to CommonJS. Imports and exports must start at the beginning of a line. */
export function toCommonJs(source, name) {
  const exported = [...source.matchAll(EXPORT)].map(([, , symbol]) => symbol);
  exported.push(...[...source.matchAll(REEXPORT)].flatMap(([, symbols]) => symbols.split(', ')));
  const body = source
    .replace(IMPORT, "const $1 = require('$2');")
    .replace(REEXPORT, "const { $1 } = require('$2');")
    .replace(EXPORT, '$1 $2');
  const unsupported = body.match(/^(import|export)\b.*/m);
  if (unsupported) throw new Error(`${name}: cannot copy "${unsupported[0]}"`);
  return `${header(`static/${name}`)}'use strict';\n\n${body}\nmodule.exports = { ${exported.join(', ')} };\n`;
}

function header(source) {
  return `// Generated from ${source} by \`make miniprogram\`; do not edit.\n`;
}

/** The copies of a folder of static/ by file name: code converted, declarations as they are. */
async function staticCopies(folder) {
  const from = new URL(`../../static/${folder}/`, import.meta.url);
  const copies = new Map();
  for (const name of (await readdir(from)).sort()) {
    if (!/\.(js|d\.ts)$/.test(name)) continue; // the other package's description
    if (name === 'index.js' || name === 'index.d.ts') continue; // the package has its own
    const text = await readFile(new URL(name, from), 'utf8');
    const source = text.replace(/'\.\.\/client\//g, "'../client/lib/core/");
    const asIs = header(`static/${folder}/${name}`) + source;
    copies.set(name, name.endsWith('.js') ? toCommonJs(source, `${folder}/${name}`) : asIs);
  }
  return copies;
}

/** The Worker's copies by file name; their types stay where they are. */
async function workerCopies() {
  const copies = new Map();
  for (const name of WORKER_FILES) {
    const source = await readFile(new URL(name, LIBRARY), 'utf8');
    const typed = source.replace(/import\('\.\/index'\)/g, "import('../../client/lib/index')");
    copies.set(name, header(`client/lib/${name}`) + typed);
  }
  return copies;
}

/** Write the copies of a folder, or only list those that are stale. */
async function update({ target, copies: make }, check) {
  await mkdir(target, { recursive: true });
  const copies = await make();
  const stale = [];
  for (const name of await readdir(target)) {
    if (copies.has(name)) continue;
    stale.push(new URL(name, target));
    if (!check) await rm(new URL(name, target));
  }
  for (const [name, text] of copies) {
    const file = new URL(name, target);
    if ((await readFile(file, 'utf8').catch(() => null)) === text) continue;
    stale.push(file);
    if (!check) await writeFile(file, text);
  }
  return stale;
}

async function main() {
  const check = process.argv.includes('--check');
  const stale = [];
  for (const folder of FOLDERS) stale.push(...(await update(folder, check)));
  for (const file of stale) {
    const path = relative(process.cwd(), fileURLToPath(file));
    console.log(check ? `${path} is stale: run make miniprogram` : path);
  }
  if (check && stale.length > 0) process.exitCode = 1;
}

if (process.argv[1] === fileURLToPath(import.meta.url)) await main();
