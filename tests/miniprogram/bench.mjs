// What each encoding costs:  node tests/miniprogram/bench.mjs [picture.jpg]
//
// A phone's canvas cannot run here; phones measure their own at run time.

import { readFileSync } from 'node:fs';
import { performance } from 'node:perf_hooks';

import jpeg from 'jpeg-js';

import { library } from './library.mjs';

const { JpegEncoder } = library('jpeg-encoder');
const { Downscaler } = library('downscaler');

const TO = { width: 192, height: 192 };
const SIZES = [[288, 352], [288, 625], [480, 640], [720, 1280]];
const UPLINKS_MBIT = [1, 5, 20];
const RUNS = 100;
const QUALITY = 70;

/** The image in a size, by nearest neighbour; without one, a gradient with noise. */
function picture(width, height) {
  const data = new Uint8Array(4 * width * height);
  const given = process.argv[2] && jpeg.decode(readFileSync(process.argv[2]), { useTArray: true });
  for (let y = 0; y < height; y += 1) {
    for (let x = 0; x < width; x += 1) {
      const at = 4 * (y * width + x);
      data.set(given ? pixel(given, x / width, y / height) : soft(x / width, y / height), at);
    }
  }
  return data.buffer;
}

function pixel({ data, width, height }, x, y) {
  const at = 4 * (Math.floor(y * height) * width + Math.floor(x * width));
  return data.subarray(at, at + 4);
}

function soft(x, y) {
  const wave = (f, p) => 128 + 90 * Math.sin(f * x + p) * Math.cos(f * y) + 12 * (Math.random() - 0.5);
  return [wave(9, 0), wave(11, 1), wave(13, 2), 255];
}

/** The fastest of many runs: other load on the machine only makes them slower. */
function fastest(act) {
  let least = Infinity;
  for (let i = 0; i < RUNS; i += 1) {
    const start = performance.now();
    act();
    least = Math.min(least, performance.now() - start);
  }
  return least;
}

function report(name, ms, bytes) {
  const costs = UPLINKS_MBIT.map((mbit) => `${(ms + (8 * bytes) / (1000 * mbit)).toFixed(0)} ms`.padStart(8));
  console.log(`${name.padEnd(26)} ${ms.toFixed(2).padStart(7)} ms ${(bytes / 1000).toFixed(0).padStart(6)} KB ${costs.join('')}`);
}

console.log(`to ${TO.width}x${TO.height}; the last columns: with the bytes on an uplink of ${UPLINKS_MBIT.join(', ')} Mbit/s`);
for (const [width, height] of SIZES) {
  const frame = picture(width, height);
  const plan = { from: { width, height }, to: TO, rotate: 0, mirror: false };
  const rgb = new Downscaler({ ...plan, channels: 3 });
  const encoder = new JpegEncoder(TO, QUALITY);
  const encode = () => encoder.encode(rgb.downscale(frame));
  report(`${width}x${height} as RGB`, fastest(() => rgb.downscale(frame)), rgb.data.length);
  report(`${width}x${height} as JPEG`, fastest(encode), encode().length);
}
