// A downscaled frame has the right colours in the right places, and is fast.

import assert from 'node:assert/strict';
import { test } from 'node:test';

import { dice, library } from './library.mjs';

const { Downscaler } = library('downscaler');
const ROTATIONS = [0, 90, 180, 270];

function noise(width, height, seed = 1) {
  const random = dice(seed);
  return Uint8Array.from({ length: 4 * width * height }, () => random(256)).buffer;
}

/** The mean of what each pixel of the result covers, in doubles, one pixel at a time. */
function averaged(buffer, from, to) {
  const source = new Uint8Array(buffer);
  const result = new Float64Array(3 * to.width * to.height);
  const [stepX, stepY] = [from.width / to.width, from.height / to.height];
  const share = (i, start, step) => Math.max(0, Math.min(i + 1, start + step) - Math.max(i, start));
  for (let y = 0; y < to.height; y += 1) {
    for (let x = 0; x < to.width; x += 1) {
      for (let v = Math.floor(y * stepY); v < Math.min(from.height, (y + 1) * stepY); v += 1) {
        for (let u = Math.floor(x * stepX); u < Math.min(from.width, (x + 1) * stepX); u += 1) {
          const part = (share(u, x * stepX, stepX) * share(v, y * stepY, stepY)) / (stepX * stepY);
          for (let c = 0; c < 3; c += 1) {
            result[3 * (y * to.width + x) + c] += part * source[4 * (v * from.width + u) + c];
          }
        }
      }
    }
  }
  return result;
}

/** An image rotated clockwise and then mirrored, pixel by pixel. */
function rotated(pixels, { width, height }, channels, rotate, mirror) {
  const sideways = rotate % 180 !== 0;
  const [w, h] = sideways ? [height, width] : [width, height];
  const result = new pixels.constructor(pixels.length);
  for (let y = 0; y < height; y += 1) {
    for (let x = 0; x < width; x += 1) {
      const places = { 0: [x, y], 90: [w - 1 - y, x], 180: [w - 1 - x, h - 1 - y], 270: [y, h - 1 - x] };
      const [column, row] = places[rotate];
      const at = row * w + (mirror ? w - 1 - column : column);
      for (let c = 0; c < channels; c += 1) {
        result[channels * at + c] = pixels[channels * (y * width + x) + c];
      }
    }
  }
  return result;
}

test('every pixel of the result is the mean of what it covers', () => {
  const random = dice(5);
  for (let i = 0; i < 60; i += 1) {
    const from = { width: 2 + random(60), height: 2 + random(60) };
    const to = { width: 1 + random(from.width), height: 1 + random(from.height) };
    const buffer = noise(from.width, from.height, i);
    const downscaler = new Downscaler({ from, to, rotate: 0, mirror: false, channels: 3 });
    const wanted = averaged(buffer, from, to);
    downscaler.downscale(buffer).forEach((value, at) => {
      assert.ok(Math.abs(value - wanted[at]) <= 2.1, `${value} for ${wanted[at]}`);
    });
  }
});

test('black stays black and white stays white, at any size', () => {
  const random = dice(6);
  for (let i = 0; i < 100; i += 1) {
    const from = { width: 10 + random(700), height: 10 + random(700) };
    const to = { width: 1 + random(from.width), height: 1 + random(from.height) };
    const downscaler = new Downscaler({ from, to, rotate: 0, mirror: false, channels: 3 });
    const white = new Uint8Array(4 * from.width * from.height).fill(255);
    assert.ok(downscaler.downscale(white.buffer).every((value) => value === 255));
    assert.ok(downscaler.downscale(white.fill(0).buffer).every((value) => value === 0));
  }
});

test('a frame of the model’s size comes through untouched, without its alpha', () => {
  const from = { width: 7, height: 5 };
  const buffer = noise(7, 5);
  const { data } = new Downscaler({ from, to: from, rotate: 0, mirror: false, channels: 3 });
  const downscaler = new Downscaler({ from, to: from, rotate: 0, mirror: false, channels: 3 });
  assert.equal(data.length, 3 * 35);
  const plain = [...new Uint8Array(buffer)].filter((_, i) => i % 4 !== 3);
  assert.deepEqual([...downscaler.downscale(buffer)], plain);
});

for (const rotate of ROTATIONS) {
  for (const mirror of [false, true]) {
    test(`turned by ${rotate} degrees${mirror ? ' and mirrored' : ''}, as RGB and as RGBA`, () => {
      const from = { width: 48, height: 64 };
      const small = { width: 20, height: 30 };
      const to = rotate % 180 ? { width: 30, height: 20 } : small;
      const buffer = noise(48, 64);
      for (const channels of [3, 4]) {
        const plain = new Downscaler({ from, to: small, rotate: 0, mirror: false, channels });
        const downscaler = new Downscaler({ from, to, rotate, mirror, channels });
        const wanted = rotated(plain.downscale(buffer), small, channels, rotate, mirror);
        assert.deepEqual(downscaler.downscale(buffer), wanted);
      }
    });
  }
}

test('RGBA comes out opaque', () => {
  const from = { width: 8, height: 8 };
  const downscaler = new Downscaler({ from, to: { width: 4, height: 4 }, rotate: 0, mirror: false, channels: 4 });
  downscaler.downscale(noise(8, 8));
  for (let at = 3; at < 64; at += 4) assert.equal(downscaler.data[at], 255);
});

test('the result is the same array each time', () => {
  const from = { width: 8, height: 8 };
  const downscaler = new Downscaler({ from, to: { width: 4, height: 4 }, rotate: 0, mirror: false, channels: 3 });
  assert.equal(downscaler.downscale(noise(8, 8)), downscaler.downscale(noise(8, 8, 2)));
});

test('a frame of another size is rejected, and so is enlarging', () => {
  const plan = { rotate: 0, mirror: false, channels: 3 };
  const downscaler = new Downscaler({ from: { width: 8, height: 8 }, to: { width: 4, height: 4 }, ...plan });
  assert.throws(() => downscaler.downscale(noise(8, 7)), /expected a frame of 8 x 8, got 224 bytes/);
  const grow = { from: { width: 8, height: 8 }, to: { width: 9, height: 4 }, ...plan };
  assert.throws(() => new Downscaler(grow), RangeError);
});

test('480x640 to 192x192 takes a few milliseconds', () => {
  const from = { width: 480, height: 640 };
  const plan = { from, to: { width: 192, height: 192 }, rotate: 0, mirror: false, channels: 3 };
  const downscaler = new Downscaler(plan);
  const buffer = noise(480, 640);
  const times = [];
  for (let i = 0; i < 60; i += 1) {
    const start = process.cpuUsage();
    downscaler.downscale(buffer);
    times.push(process.cpuUsage(start).user / 1000);
  }
  const median = times.sort((a, b) => a - b)[30];
  console.log(`downscaling 480x640: ${median.toFixed(2)} ms`);
  assert.ok(median < 3 * 8, `${median} ms`);
});
