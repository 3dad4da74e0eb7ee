/** The `wx` of this phone. */

import { readFile, unlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

import { Canvas } from './canvas.mjs';
import { VisionSession } from './vision.mjs';
import { PhoneWorker } from './worker.mjs';

let files = 0;

export function makeWx(phone) {
  const answer = (allowed, { success, fail }, value = {}) => {
    setTimeout(() => (allowed ? success && success(value) : fail && fail({ errMsg: 'fail auth deny' })), 0);
  };
  return {
    connectSocket: (options) => phone.sockets.connect(options),
    onSocketClose: (listener) => phone.sockets.onClose(listener),
    getStorageSync: (key) => JSON.parse(phone.storage.get(key) || '""'),
    setStorageSync: (key, value) => phone.storage.set(key, JSON.stringify(value)),
    getAppBaseInfo: () => ({ language: phone.language, version: phone.version, SDKVersion: '3.5.0' }),
    getDeviceInfo: () => ({ platform: phone.platform }),
    ...(phone.platform === 'ios' && { createWorker: (path, options) => new PhoneWorker(phone, path, options) }),
    getWindowInfo: () => ({
      windowWidth: phone.preview.width,
      windowHeight: phone.preview.height,
      pixelRatio: 3,
      statusBarHeight: 44,
    }),
    getNetworkType: ({ success }) => success({ networkType: phone.online ? 'wifi' : 'none' }),
    onNetworkStatusChange: (listener) => phone.networkListeners.add(listener),
    offNetworkStatusChange: (listener) => phone.networkListeners.delete(listener),
    setKeepScreenOn: () => {},
    createOffscreenCanvas: ({ width, height }) => new Canvas({ width, height }, false),
    setNavigationBarTitle: ({ title }) => (phone.title = title),
    navigateTo: ({ url }) => (phone.asked = url),
    requirePrivacyAuthorize: (options) => answer(phone.privacy, options),
    authorize: (options) => answer(phone.cameraAllowed, options),
    openSetting: (options) => {
      phone.cameraAllowed = true; // the user allows it there
      answer(true, options, { authSetting: { 'scope.camera': true } });
    },
    getAppAuthorizeSetting: () => ({ cameraAuthorized: phone.system }),
    openAppAuthorizeSetting: () => {
      phone.opensSystem = true; // the user leaves WeChat, which hides the page
    },
    createSelectorQuery: () => selectorQuery(phone),
    createCameraContext: () => ({ onCameraFrame: (act) => phone.camera.listener(act) }),
    ...(phone.vision && {
      isVKSupport: (version) => version === 'v1',
      createVKSession: (options) => new VisionSession(phone, options),
    }),
    login: ({ success, fail }) => {
      if (!phone.loginCode) return fail({ errMsg: 'login:fail' });
      phone.logins += 1;
      return setTimeout(() => success({ code: `${phone.loginCode}${phone.logins}` }), 0);
    },
    request: (options) => request(options),
    uploadFile: (options) => uploadFile(options),
    chooseMedia: ({ success, fail }) =>
      phone.photo ? success({ tempFiles: [{ tempFilePath: phone.photo }] }) : fail({ errMsg: 'cancel' }),
    ...(phone.givesFiles && { canvasToTempFilePath: (options) => toFile(phone, options) }),
    env: { USER_DATA_PATH: phone.folder },
    getFileSystemManager: () => ({
      writeFile: ({ filePath, data, success, fail }) =>
        writeFile(filePath, Buffer.from(data)).then(success, ({ message }) => fail({ errMsg: message })),
      readFile: ({ filePath, success, fail }) =>
        readFile(filePath).then(
          (bytes) => success({ data: bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.length) }),
          (error) => fail({ errMsg: error.message }),
        ),
      unlink: ({ filePath }) => unlink(filePath).catch(() => {}),
    }),
  };
}

function selectorQuery(phone) {
  const wanted = [];
  const query = {
    select: (name) => {
      wanted.push(name.slice(1));
      return { fields: () => query };
    },
    exec: (act) => {
      const found = wanted.map((name) => {
        const node = phone.canvases[name];
        return node ? { node, ...phone.preview } : null;
      });
      setTimeout(() => act(found), 0);
    },
  };
  return query;
}

async function request({ url, method, data, header, success, fail }) {
  try {
    const response = await fetch(url, { method, body: JSON.stringify(data), headers: header });
    const text = await response.text();
    let read = text;
    try {
      read = JSON.parse(text);
    } catch (error) {
      // WeChat passes on non-JSON bodies as text.
    }
    success({ statusCode: response.status, data: read });
  } catch (error) {
    fail({ errMsg: `request:fail ${error.message}` });
  }
}

async function uploadFile({ url, filePath, name, formData, header, success, fail }) {
  try {
    const form = new FormData();
    for (const [key, value] of Object.entries(formData)) form.append(key, String(value));
    form.append(name, new Blob([await readFile(filePath)]), 'picture.jpg');
    const response = await fetch(url, { method: 'POST', body: form, headers: header });
    success({ statusCode: response.status, data: await response.text() });
  } catch (error) {
    fail({ errMsg: `uploadFile:fail ${error.message}` });
  }
}

async function toFile(phone, { canvas, success, fail }) {
  try {
    files += 1;
    const tempFilePath = join(phone.folder, `canvas-${files}.jpg`);
    await writeFile(tempFilePath, canvas.jpeg());
    success({ tempFilePath });
  } catch (error) {
    fail({ errMsg: `canvasToTempFilePath:fail ${error.message}` });
  }
}
