// Checks projects as `tsc -p` does, all in one process, which parses the libraries once.
//
// Reads the path of a folder with a tsconfig.json from each line, and answers with a line of JSON:
// what `tsc` would print.

import { dirname } from 'node:path';
import { createInterface } from 'node:readline';

import ts from 'typescript';

const libraries = new Map();

/** A host that keeps the source files of packages for the next project. */
function hostOf(options) {
  const host = ts.createCompilerHost(options);
  const { getSourceFile } = host;
  host.getSourceFile = (path, language, ...rest) => {
    if (!path.includes('/node_modules/') || !path.endsWith('.d.ts')) return getSourceFile(path, language, ...rest);
    const key = JSON.stringify([path, language, options.module]);
    if (!libraries.has(key)) libraries.set(key, getSourceFile(path, language, ...rest));
    return libraries.get(key);
  };
  return host;
}

function check(folder) {
  const path = ts.findConfigFile(folder, ts.sys.fileExists);
  const { config, error } = ts.readConfigFile(path, ts.sys.readFile);
  const { options, fileNames, errors } = ts.parseJsonConfigFileContent(config, ts.sys, dirname(path));
  const host = hostOf(options);
  const program = ts.createProgram(fileNames, options, host);
  const found = [...(error ? [error] : []), ...errors, ...ts.getPreEmitDiagnostics(program)];
  return ts.formatDiagnostics(found, host);
}

for await (const folder of createInterface({ input: process.stdin })) {
  process.stdout.write(`${JSON.stringify(check(folder))}\n`);
}
