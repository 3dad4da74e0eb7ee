// The photo page, when something goes wrong between the album and the result.

import assert from 'node:assert/strict';
import { test } from 'node:test';

import { Canvas } from './phone/canvas.mjs';
import { finding, phone, render, settle, tap } from './simulated.mjs';

const RESULT = JSON.stringify({ type: 'result', boxes: [[0, 0, 1, 1]], scores: [0.9], classes: [1] });

/** Choose a photo; the uploads get these answers, in turn. */
async function chosen(answers, more = {}) {
  const asked = { uploads: [], logins: 0 };
  const canvas = new Canvas({ width: 300, height: 200 }, false);
  const stored = phone({
    chooseMedia: ({ success }) => success({ tempFiles: [{ tempFilePath: 'photo.jpg' }] }),
    uploadFile: (options) => {
      asked.uploads.push(options.header.Authorization);
      const [statusCode, data] = answers.shift();
      if (statusCode) options.success({ statusCode, data });
      else options.fail({ errMsg: data });
    },
    createSelectorQuery: finding({ marks: canvas }),
    login: ({ success }) => success({ code: `code-${(asked.logins += 1)}` }),
    request: ({ success }) => success({ statusCode: 200, data: { token: 'new', expires_in: 3600 } }),
    ...more,
  });
  stored.set('framewire.settings', { server: 'example.org', language: 'en' });
  const page = render('pages/photo/photo');
  page.instance.onShow();
  await tap(page, '.choose');
  await settle();
  return { ...page.data, ...asked, drawn: canvas.texts.length };
}

for (const [name, answer, message] of [
  ['too large for a proxy', [413, '<html>413</html>'], /too large/i],
  ['answered by a proxy', [502, '<html>502</html>'], /Cannot reach the server/],
  ['answered by nothing', [200, 'null'], /Cannot reach the server/],
  ['answered by a text', [200, '"ok"'], /Cannot reach the server/],
  ['not answered in time', [0, 'uploadFile:fail timeout'], /Cannot reach the server/],
  ['refused by the gateway', [400, '{"type":"error","code":"bad_frame","message":"x"}'], /another/i],
]) {
  test(`a photo that is ${name} is explained`, async () => {
    const data = await chosen([answer]);
    assert.match(data.message, message);
    assert.deepEqual([data.isFailed, data.isBusy, data.logins], [true, false, 0]);
  });
}

for (const refusal of ['{"type":"error","code":"unauthorized","message":"no token"}', '<html>401</html>']) {
  test(`an unauthorized photo signs in again, once: ${refusal.slice(0, 6)}`, async () => {
    const good = await chosen([[401, refusal], [200, RESULT]]);
    assert.deepEqual([good.uploads, good.isFailed], [[undefined, 'Bearer new'], false]);
    assert.equal(good.drawn, 1);
    const bad = await chosen([[401, refusal], [401, refusal]]);
    assert.deepEqual([bad.uploads.length, bad.logins, bad.isFailed, bad.isBusy], [2, 1, true, false]);
  });
}

for (const [errMsg, message] of [
  ['chooseMedia:fail cancel', ''],
  ['chooseMedia:fail privacy permission is not authorized', 'Please accept the privacy guide'],
  ['chooseMedia:fail no album', 'Cannot open a photo. Please try again.'],
]) {
  test(`a photo that is not chosen: ${errMsg}`, async () => {
    const data = await chosen([], { chooseMedia: ({ fail }) => fail({ errMsg }) });
    assert.deepEqual([data.message, data.isFailed, data.isBusy], [message, message !== '', false]);
  });
}
