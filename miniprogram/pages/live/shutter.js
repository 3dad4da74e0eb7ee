/** The live page's shutter: a photo in full resolution, for the photo page. */
'use strict';

const PHOTO_PAGE = '/pages/photo/photo';

/**
 * Take a photo for the photo page; without one, that page lets the user choose one.
 * @param {{takePhoto(): Promise<string|null>}} camera
 * @returns {Promise<string>} the page's address
 */
async function takenPhotoPage(camera) {
  const path = await camera.takePhoto();
  return path ? `${PHOTO_PAGE}?path=${encodeURIComponent(path)}` : PHOTO_PAGE;
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

module.exports = { PHOTO_PAGE, takenPhotoPage, savePhoto, takePhoto };
