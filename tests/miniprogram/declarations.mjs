// Generates the client's .d.ts files from the JSDoc in static/client/.
//
//     npm --prefix tests/miniprogram run types              write them
//     npm --prefix tests/miniprogram run types -- --check   list stale ones, and fail if there are any
//
// Members whose names start with an underscore are private and left out. types.d.ts is written by
// hand: it holds the wire's messages and the client's options, and index.d.ts re-exports it.

import { readFile, readdir, writeFile } from 'node:fs/promises';
import { relative } from 'node:path';
import { fileURLToPath } from 'node:url';

import ts from 'typescript';

const STATIC = new URL('../../static/', import.meta.url);
const OPTIONS = {
  target: ts.ScriptTarget.ES2020,
  module: ts.ModuleKind.ESNext,
  moduleResolution: ts.ModuleResolutionKind.Bundler,
  lib: ['lib.es2020.d.ts'],
  types: [],
  strict: true,
  allowJs: true,
  checkJs: true,
  declaration: true,
  emitDeclarationOnly: true,
};

/** Drop private members from every class, so that only the API is declared. */
function withoutPrivateMembers(context) {
  const visit = (node) => {
    if (ts.isClassDeclaration(node)) {
      const { modifiers, name, typeParameters, heritageClauses, members } = node;
      const kept = members.filter((member) => !isPrivateName(member));
      return context.factory.updateClassDeclaration(node, modifiers, name, typeParameters, heritageClauses, kept);
    }
    return ts.visitEachChild(node, visit, context);
  };
  return (file) => ts.visitEachChild(file, visit, context);
}

function isPrivateName({ name }) {
  return Boolean(name && ts.isIdentifier(name) && name.text.startsWith('_'));
}

/** Remove imports that only private members needed; add the hand-written types to the index. */
function finished(path, text) {
  const used = text.replace(/^import (\{ (\w+) \}) from .*\n/gm, (line, _, name) => {
    return text.split(new RegExp(`\\b${name}\\b`)).length > 2 ? line : '';
  });
  return path.endsWith('/index.d.ts') ? `${used}export * from "./types.js";\n` : used;
}

/** The up-to-date declarations by path. */
async function declarations() {
  const names = (await readdir(new URL('client/', STATIC))).filter((name) => name.endsWith('.js'));
  const roots = [...names.map((name) => `client/${name}`), 'framewire.js'];
  const paths = roots.map((name) => fileURLToPath(new URL(name, STATIC)));
  const program = ts.createProgram(paths, OPTIONS, hostWithoutDeclarations());
  const files = new Map();
  const { diagnostics } = program.emit(
    undefined,
    (path, text) => files.set(path, finished(path, text)),
    undefined,
    true,
    { afterDeclarations: [withoutPrivateMembers] },
  );
  const problems = [...ts.getPreEmitDiagnostics(program), ...diagnostics];
  if (problems.length > 0) throw new Error(ts.formatDiagnostics(problems, formatHost));
  return files;
}

/** A compiler host that ignores the existing declarations, so that types come from the JSDoc. */
function hostWithoutDeclarations() {
  const host = ts.createCompilerHost(OPTIONS);
  const folder = fileURLToPath(STATIC);
  const isGenerated = (path) => path.startsWith(folder) && /(?<!\/types)\.d\.ts$/.test(path);
  return { ...host, fileExists: (path) => !isGenerated(path) && host.fileExists(path) };
}

const formatHost = {
  getCanonicalFileName: (path) => path,
  getCurrentDirectory: () => process.cwd(),
  getNewLine: () => '\n',
};

async function main() {
  const check = process.argv.includes('--check');
  for (const [path, text] of await declarations()) {
    if ((await readFile(path, 'utf8').catch(() => null)) === text) continue;
    const name = relative(fileURLToPath(new URL('../../', import.meta.url)), path);
    console.log(check ? `${name} is stale: run npm --prefix tests/miniprogram run types` : name);
    if (check) process.exitCode = 1;
    else await writeFile(path, text);
  }
}

await main();
