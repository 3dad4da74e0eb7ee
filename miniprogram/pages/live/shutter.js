/** The live page's shutter: a photo in full resolution, for the photo page. */
'use strict';

/** Take a photo and open it; without one, the photo page lets the user choose one. */
async function openTakenPhoto() {
  const path = await takePhoto();
  const query = path ? `?path=${encodeURIComponent(path)}` : '';
  wx.navigateTo({ url: `/pages/photo/photo${query}` });
}

/** @returns {Promise<string|null>} a local file; null if the phone took none */
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

module.exports = { openTakenPhoto };
