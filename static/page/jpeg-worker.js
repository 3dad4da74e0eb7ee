/** The Worker of jpeg.js: takes a bitmap and a size, returns the JPEG and the bitmap. */

import { toJpeg } from './jpeg.js';

const canvas = new OffscreenCanvas(1, 1);

onmessage = async ({ data: { id, bitmap, width, height } }) => {
  try {
    const data = await toJpeg(canvas, bitmap, width, height);
    postMessage({ id, data, bitmap }, [data.buffer, bitmap]);
  } catch (error) {
    postMessage({ id, error: String(error.message || error) });
  }
};
