/** The two things that WeChat asks a user before the camera: the privacy guide, and the camera itself. */
'use strict';

/**
 * Resolves to what stands in the way, or to null.
 * @returns {Promise<'privacy'|'camera_refused'|null>}
 */
async function cameraObstacle() {
  if (!(await privacyAgreed())) return 'privacy';
  return (await cameraAllowed()) ? null : 'camera_refused';
}

/** Asks for the agreement where it is missing. @returns {Promise<boolean>} */
function privacyAgreed() {
  if (!wx.requirePrivacyAuthorize) return Promise.resolve(true); // before base library 2.32.3
  return new Promise((resolve) => {
    wx.requirePrivacyAuthorize({ success: () => resolve(true), fail: () => resolve(false) });
  });
}

/** @returns {Promise<boolean>} */
function cameraAllowed() {
  return new Promise((resolve) => {
    const allowed = () => resolve(true);
    wx.authorize({ scope: 'scope.camera', success: allowed, fail: () => resolve(false) });
  });
}

/** Shows WeChat's page of authorizations. @returns {Promise<boolean>} whether the camera is allowed now */
function openAuthorizations() {
  return new Promise((resolve) => {
    wx.openSetting({
      success: ({ authSetting }) => resolve(authSetting['scope.camera'] === true),
      fail: () => resolve(false),
    });
  });
}

module.exports = { cameraObstacle, privacyAgreed, openAuthorizations };
