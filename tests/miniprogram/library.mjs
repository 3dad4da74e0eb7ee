/** The client's package as `require` finds it, for tests in ES modules. */

import { createRequire } from 'node:module';

const require = createRequire(import.meta.url);

export const library = (name = 'index') => require(`../../miniprogram/client/lib/${name}.js`);

/** Random integers below a bound, reproducible by seed. */
export function dice(seed) {
  let state = seed >>> 0;
  return (below) => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return Math.floor((state / 4294967296) * below);
  };
}
