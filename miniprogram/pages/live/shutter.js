/** The live page's shutter: a photo in full resolution, for the photo page. */
'use strict';

/**
 * Take a photo and open it; without one, the photo page lets the user choose one.
 * @param {{takePhoto(): Promise<string|null>}} camera
 */
async function openTakenPhoto(camera) {
  const path = await camera.takePhoto();
  const query = path ? `?path=${encodeURIComponent(path)}` : '';
  wx.navigateTo({ url: `/pages/photo/photo${query}` });
}

/**
 * Take a photo with the camera component.
 * @returns {Promise<string|null>} a local file; null if the phone took none
 */
function takePhoto() {
  return new Promise((resolve) => {
    wx.createCameraContext().takePhoto({
      quality: 'high',
      selfieMirror: false, // as others see it, so that text is not reversed
      success: ({ tempImagePath }) => resolve(tempImagePath),
      fail: () => resolve(null),
    });
  });
}

/**
 * Keep a photo for the photo page, in place of the last one.
 * @param {Uint8Array} jpeg
 * @returns {Promise<string|null>} a local file; null if it cannot be written
 */
function savePhoto({ buffer }) {
  const filePath = `${wx.env.USER_DATA_PATH}/photo.jpg`;
  return new Promise((resolve) => {
    const done = { success: () => resolve(filePath), fail: () => resolve(null) };
    wx.getFileSystemManager().writeFile({ filePath, data: /** @type {ArrayBuffer} */ (buffer), ...done });
  });
}

module.exports = { openTakenPhoto, savePhoto, takePhoto };
