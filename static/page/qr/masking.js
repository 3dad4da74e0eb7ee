/** The masks of QR codes, and how badly a masked code is suited for scanning. */

/** By number: whether the module at (row, column) is inverted. */
export const MASKS = [
  (y, x) => (y + x) % 2 === 0,
  (y) => y % 2 === 0,
  (y, x) => x % 3 === 0,
  (y, x) => (y + x) % 3 === 0,
  (y, x) => (Math.floor(y / 2) + Math.floor(x / 3)) % 2 === 0,
  (y, x) => ((y * x) % 2) + ((y * x) % 3) === 0,
  (y, x) => (((y * x) % 2) + ((y * x) % 3)) % 2 === 0,
  (y, x) => (((y + x) % 2) + ((y * x) % 3)) % 2 === 0,
];

const LOOKS_LIKE_A_FINDER = /(?=10111010000|00001011101)/g;

/** @param {number[][]} rows of modules @returns {number} the less the better */
export function penalty(rows) {
  const columns = rows.map((_, x) => rows.map((row) => row[x]));
  const lines = [...rows, ...columns].map((line) => line.join(''));
  const sum = (of) => lines.reduce((total, line) => total + of(line), 0);
  return sum(runs) + sum(finders) + squares(rows) + imbalance(rows);
}

function runs(line) {
  return (line.match(/0{5,}|1{5,}/g) || []).reduce((total, run) => total + run.length - 2, 0);
}

function finders(line) {
  return 40 * [...line.matchAll(LOOKS_LIKE_A_FINDER)].length;
}

function squares(rows) {
  let count = 0;
  for (let y = 1; y < rows.length; y += 1) {
    for (let x = 1; x < rows.length; x += 1) {
      const four = rows[y][x] + rows[y][x - 1] + rows[y - 1][x] + rows[y - 1][x - 1];
      if (four === 0 || four === 4) count += 1;
    }
  }
  return 3 * count;
}

/** For every full 5 % by which the dark modules differ from half of them. */
function imbalance(rows) {
  const dark = rows.flat().reduce((total, module) => total + module, 0);
  return 10 * Math.floor(Math.abs((20 * dark) / rows.length ** 2 - 10));
}
