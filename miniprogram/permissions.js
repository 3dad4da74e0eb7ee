/** What WeChat asks users before the camera starts: the privacy guide, and camera access. */
'use strict';

/** @returns {Promise<'privacy'|'camera_refused'|null>} what is missing; null if nothing is */
async function missingPermission() {
  if (!(await requestPrivacyConsent())) return 'privacy';
  return (await requestCamera()) ? null : 'camera_refused';
}

/**
 * Ask for consent if it is missing.
 * @returns {Promise<boolean>}
 */
function requestPrivacyConsent() {
  if (!wx.requirePrivacyAuthorize) return Promise.resolve(true); // before base library 2.32.3
  return new Promise((resolve) => {
    wx.requirePrivacyAuthorize({ success: () => resolve(true), fail: () => resolve(false) });
  });
}

/** @returns {Promise<boolean>} */
function requestCamera() {
  return new Promise((resolve) => {
    const allowed = () => resolve(true);
    wx.authorize({ scope: 'scope.camera', success: allowed, fail: () => resolve(false) });
  });
}

/**
 * Open WeChat's authorization settings.
 * @returns {Promise<boolean>} whether the camera is allowed now
 */
function openAuthorizationSettings() {
  return new Promise((resolve) => {
    wx.openSetting({
      success: ({ authSetting }) => resolve(authSetting['scope.camera'] === true),
      fail: () => resolve(false),
    });
  });
}

module.exports = { missingPermission, requestPrivacyConsent, openAuthorizationSettings };
