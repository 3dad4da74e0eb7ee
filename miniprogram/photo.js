/**
 * Prepares a photo for upload: a canvas applies the EXIF orientation and limits the size. The model
 * reads pixels as stored and ignores EXIF.
 */
'use strict';

const MAX_SIDE = 1280; // pixels
const QUALITY = 0.85;

/**
 * @param {WechatMiniprogram.Canvas} canvas a 2d canvas node, resized as needed
 * @param {string} path a local file
 * @returns {Promise<{path: string, width: number, height: number}>} a JPEG file
 */
async function preparePhoto(canvas, path) {
  const image = await loadImage(canvas, path);
  const scale = Math.min(1, MAX_SIDE / Math.max(image.width, image.height));
  const width = Math.max(1, Math.round(image.width * scale));
  const height = Math.max(1, Math.round(image.height * scale));
  canvas.width = width;
  canvas.height = height;
  canvas.getContext('2d').drawImage(image, 0, 0, width, height);
  return { path: await writeJpeg(canvas, width, height), width, height };
}

/**
 * @param {WechatMiniprogram.Canvas} canvas
 * @param {string} path
 * @returns {Promise<WechatMiniprogram.Image>}
 */
function loadImage(canvas, path) {
  return new Promise((resolve, reject) => {
    const image = canvas.createImage();
    image.onload = () => resolve(image);
    image.onerror = () => reject(new Error('cannot read this image'));
    image.src = path;
  });
}

/**
 * @param {WechatMiniprogram.Canvas} canvas
 * @param {number} width
 * @param {number} height
 * @returns {Promise<string>}
 */
function writeJpeg(canvas, width, height) {
  return new Promise((resolve, reject) => {
    wx.canvasToTempFilePath({
      canvas,
      fileType: 'jpg',
      quality: QUALITY,
      width,
      height,
      destWidth: width,
      destHeight: height,
      success: ({ tempFilePath }) => resolve(tempFilePath),
      fail: ({ errMsg }) => reject(new Error(errMsg)),
    });
  });
}

module.exports = { preparePhoto };
