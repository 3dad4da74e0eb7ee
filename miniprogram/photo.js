/**
 * A photo made ready to be sent: drawn on a canvas, so that it stands upright in itself, and no larger
 * than is of use. The model server reads the pixels as they are, whatever a camera's note says.
 */
'use strict';

const LONGEST = 1280; // pixels
const QUALITY = 0.85;

/**
 * @param {WechatMiniprogram.Canvas} canvas of type 2d; it is resized
 * @param {string} path of a local file
 * @returns {Promise<{path: string, width: number, height: number}>} of a JPEG
 */
async function preparePhoto(canvas, path) {
  const image = await loaded(canvas, path);
  const scale = Math.min(1, LONGEST / Math.max(image.width, image.height));
  const width = Math.max(1, Math.round(image.width * scale));
  const height = Math.max(1, Math.round(image.height * scale));
  canvas.width = width;
  canvas.height = height;
  canvas.getContext('2d').drawImage(image, 0, 0, width, height);
  return { path: await written(canvas, width, height), width, height };
}

/**
 * @param {WechatMiniprogram.Canvas} canvas
 * @param {string} path
 * @returns {Promise<WechatMiniprogram.Image>}
 */
function loaded(canvas, path) {
  return new Promise((resolve, reject) => {
    const image = canvas.createImage();
    image.onload = () => resolve(image);
    image.onerror = () => reject(new Error('this picture cannot be read'));
    image.src = path;
  });
}

/**
 * @param {WechatMiniprogram.Canvas} canvas
 * @param {number} width
 * @param {number} height
 * @returns {Promise<string>}
 */
function written(canvas, width, height) {
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
