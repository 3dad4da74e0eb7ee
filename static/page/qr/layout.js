/**
 * Where everything is in a QR code: the fixed patterns, and the modules that are free for data.
 *
 * A layout is a list of rows of modules: 1 dark, 0 light, null free.
 */

const VERSION_DIVISOR = 0x1f25;
const FORMAT_DIVISOR = 0x537;
const FORMAT_MASK = 0x5412;
const LEVEL_L = 0b01;

/** @returns {(number|null)[][]} a version's fixed patterns, with light modules for the format */
export function patterns(version) {
  const size = 4 * version + 17;
  const rows = Array.from({ length: size }, () => new Array(size).fill(null));
  for (let i = 8; i < size - 8; i += 1) rows[6][i] = rows[i][6] = 1 - (i % 2);
  for (const [row, column] of [[3, 3], [3, size - 4], [size - 4, 3]]) drawFinder(rows, row, column);
  for (const [row, column] of alignments(version, size)) drawSquare(rows, row, column, 2);
  drawFormat(rows, 0);
  if (version >= 7) drawVersion(rows, version);
  return rows;
}

/** The free modules in the order in which data fills them: up and down in columns of two. */
export function free(rows) {
  const places = [];
  let isUpward = true;
  for (let right = rows.length - 1; right > 0; right -= 2) {
    if (right === 6) right = 5; // the vertical timing pattern
    for (let i = 0; i < rows.length; i += 1) {
      const row = isUpward ? rows.length - 1 - i : i;
      for (const column of [right, right - 1]) if (rows[row][column] === null) places.push([row, column]);
    }
    isUpward = !isUpward;
  }
  return places;
}

/** Write the error correction level and the mask, twice. */
export function drawFormat(rows, mask) {
  const size = rows.length;
  const bits = withChecksum((LEVEL_L << 3) | mask, FORMAT_DIVISOR, 10) ^ FORMAT_MASK;
  for (let i = 0; i < 15; i += 1) {
    const bit = (bits >> i) & 1;
    if (i < 8) rows[i < 6 ? i : i + 1][8] = rows[8][size - 1 - i] = bit;
    else rows[8][i < 9 ? 7 : 14 - i] = rows[size - 15 + i][8] = bit;
  }
  rows[size - 8][8] = 1;
}

function drawVersion(rows, version) {
  const bits = withChecksum(version, VERSION_DIVISOR, 12);
  for (let i = 0; i < 18; i += 1) {
    const [far, near] = [rows.length - 11 + (i % 3), Math.floor(i / 3)];
    rows[far][near] = rows[near][far] = (bits >> i) & 1;
  }
}

function withChecksum(data, divisor, length) {
  let rest = data;
  for (let i = 0; i < length; i += 1) rest = (rest << 1) ^ ((rest >> (length - 1)) * divisor);
  return (data << length) | rest;
}

/** A finder pattern and the light modules around it. */
function drawFinder(rows, row, column) {
  drawSquare(rows, row, column, 4);
}

/** Concentric squares, dark except for the rings at distance 2 or 4; for alignment, at distance 1. */
function drawSquare(rows, row, column, reach) {
  const light = reach === 4 ? [2, 4] : [1];
  for (let dy = -reach; dy <= reach; dy += 1) {
    for (let dx = -reach; dx <= reach; dx += 1) {
      const [y, x] = [row + dy, column + dx];
      if (y < 0 || x < 0 || y >= rows.length || x >= rows.length) continue;
      rows[y][x] = light.includes(Math.max(Math.abs(dy), Math.abs(dx))) ? 0 : 1;
    }
  }
}

/** The centres of the alignment patterns: a grid without the corners that have finder patterns. */
function alignments(version, size) {
  if (version === 1) return [];
  const gaps = Math.floor(version / 7) + 1;
  const step = 2 * Math.ceil((size - 13) / (2 * gaps));
  const lines = [6, ...Array.from({ length: gaps }, (_, i) => size - 7 - (gaps - 1 - i) * step)];
  const isCorner = (y, x) => (y === 6 && (x === 6 || x === size - 7)) || (y === size - 7 && x === 6);
  return lines.flatMap((y) => lines.filter((x) => !isCorner(y, x)).map((x) => [y, x]));
}
