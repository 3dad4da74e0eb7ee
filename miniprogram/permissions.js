/** What WeChat asks users before the camera starts: the privacy guide, and camera access. */
'use strict';

/** @typedef {'camera_refused'|'camera_blocked'} Refusal by the user here, or by the system for all of WeChat */

const SYSTEM = /system/i; // as WeChat words what the system refuses

/** @returns {Promise<'privacy'|Refusal|null>} what is missing; null if nothing is */
async function missingPermission() {
  if (!(await requestPrivacyConsent())) return 'privacy';
  return requestCamera();
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

/** @returns {Promise<Refusal|null>} */
function requestCamera() {
  return new Promise((resolve) => {
    wx.authorize({
      scope: 'scope.camera',
      success: () => resolve(null),
      fail: ({ errMsg }) => resolve(SYSTEM.test(errMsg) ? refusalOfAllowed() : 'camera_refused'),
    });
  });
}

/**
 * Who refuses a camera that the user has allowed to this mini-program. Android calls it denied to WeChat
 * also before anybody was asked, so this says nothing about a camera that was never tried.
 * @returns {Refusal}
 */
function refusalOfAllowed() {
  if (!wx.getAppAuthorizeSetting || !wx.openAppAuthorizeSetting) return 'camera_refused'; // before 2.25.3
  return wx.getAppAuthorizeSetting().cameraAuthorized === 'denied' ? 'camera_blocked' : 'camera_refused';
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

/** Open the system's settings of WeChat; the page is shown again after that. */
function openSystemSettings() {
  wx.openAppAuthorizeSetting({ fail: () => {} });
}

module.exports = {
  missingPermission,
  refusalOfAllowed,
  requestPrivacyConsent,
  openAuthorizationSettings,
  openSystemSettings,
};
