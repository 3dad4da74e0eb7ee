// JPEG in plain JavaScript: another decoder reads the same image; it is small and fast.

import assert from 'node:assert/strict';
import { test } from 'node:test';

import jpeg from 'jpeg-js';

import { dice, library } from './library.mjs';

const { JpegEncoder } = library('jpeg-encoder');

/** A gradient with a hard edge. */
function picture(width, height) {
  const rgb = new Uint8Array(3 * width * height);
  for (let y = 0; y < height; y += 1) {
    for (let x = 0; x < width; x += 1) {
      const dark = x > width / 3 && x < width / 2 && y > height / 3 ? 0.2 : 1;
      rgb[3 * (y * width + x)] = dark * (255 * x) / width;
      rgb[3 * (y * width + x) + 1] = dark * (255 * y) / height;
      rgb[3 * (y * width + x) + 2] = dark * (180 - (100 * x) / width);
    }
  }
  return rgb;
}

function read(bytes) {
  const { data, width, height } = jpeg.decode(bytes, { useTArray: true, formatAsRGBA: false });
  return { data, width, height };
}

/** The peak signal-to-noise ratio in dB; 30 and above looks right. */
function likeness(a, b) {
  let sum = 0;
  for (let i = 0; i < a.length; i += 1) sum += (a[i] - b[i]) ** 2;
  return 10 * Math.log10(255 ** 2 / (sum / a.length));
}

for (const [width, height] of [[192, 192], [192, 256], [17, 33], [16, 16], [8, 8], [1, 1], [250, 100]]) {
  test(`${width}x${height} survives encoding`, () => {
    const rgb = picture(width, height);
    const found = read(new JpegEncoder({ width, height }, 80).encode(rgb));
    assert.deepEqual([found.width, found.height], [width, height]);
    const least = width * height > 300 ? 29 : 22; // chroma subsampling shows in small images
    assert.ok(likeness(found.data, rgb) > least, `${likeness(found.data, rgb)} dB`);
  });
}

test('colours are preserved', () => {
  const size = { width: 32, height: 32 };
  for (const colour of [[255, 0, 0], [0, 255, 0], [0, 0, 255], [255, 255, 255], [0, 0, 0], [200, 120, 40]]) {
    const rgb = Uint8Array.from({ length: 3 * 1024 }, (_, i) => colour[i % 3]);
    const { data } = read(new JpegEncoder(size, 90).encode(rgb));
    for (let i = 0; i < data.length; i += 1) assert.ok(Math.abs(data[i] - colour[i % 3]) <= 4, `${colour}`);
  }
});

test('higher quality means more bytes and less error; noise at full quality still fits', () => {
  const size = { width: 96, height: 96 };
  const random = dice(4);
  const noise = Uint8Array.from({ length: 3 * 96 * 96 }, () => (random(2) ? 255 : 0));
  let [bytes, before] = [0, 0];
  for (const quality of [1, 10, 50, 75, 95, 100]) {
    const encoded = new JpegEncoder(size, quality).encode(picture(96, 96));
    assert.ok(encoded.length > bytes);
    const now = likeness(read(encoded).data, picture(96, 96));
    assert.ok(now > before, `${quality}: ${now} dB`);
    [bytes, before] = [encoded.length, now];
    assert.equal(read(new JpegEncoder(size, quality).encode(noise)).width, 96);
  }
});

test('an encoder keeps no state between frames', () => {
  const encoder = new JpegEncoder({ width: 64, height: 48 }, 70);
  const first = Uint8Array.from(encoder.encode(picture(64, 48)));
  encoder.encode(new Uint8Array(3 * 64 * 48).fill(77));
  assert.deepEqual(Uint8Array.from(encoder.encode(picture(64, 48))), first);
});

test('a frame of 192x192 takes a few milliseconds', () => {
  const encoder = new JpegEncoder({ width: 192, height: 192 }, 70);
  const rgb = picture(192, 192);
  const times = [];
  for (let i = 0; i < 60; i += 1) {
    const start = process.cpuUsage();
    encoder.encode(rgb);
    times.push(process.cpuUsage(start).user / 1000);
  }
  const median = times.sort((a, b) => a - b)[30];
  console.log(`JPEG of 192x192: ${median.toFixed(2)} ms, ${encoder.encode(rgb).length} bytes`);
  assert.ok(median < 3 * 8, `${median} ms`);
});
