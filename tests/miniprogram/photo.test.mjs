// The photo page, when something goes wrong between the album and the answer.

import assert from 'node:assert/strict';
import { test } from 'node:test';

import { phone, render, tap } from './simulated.mjs';

const settle = () => new Promise((resolve) => setTimeout(resolve, 20));
const RESULT = JSON.stringify({ type: 'result', boxes: [[0, 0, 1, 1]], scores: [0.9], classes: [1] });

/** Chooses a photo; `answers` are the uploads' ends, one after the other. */
async function chosen(answers, more = {}) {
  const asked = { uploads: [], logins: 0 };
  const stored = phone({
    chooseMedia: ({ success }) => success({ tempFiles: [{ tempFilePath: 'photo.jpg' }] }),
    uploadFile: (options) => {
      asked.uploads.push(options.header.Authorization);
      const [statusCode, data] = answers.shift();
      if (statusCode) options.success({ statusCode, data });
      else options.fail({ errMsg: data });
    },
    createSelectorQuery: () => {
      const query = { select: () => ({ fields: () => query }), exec: (act) => act([null]) };
      return query;
    },
    login: ({ success }) => success({ code: `code-${(asked.logins += 1)}` }),
    request: ({ success }) => success({ statusCode: 200, data: { token: 'new', expires_in: 3600 } }),
    ...more,
  });
  stored.set('framewire.settings', { server: 'example.org', language: 'en' });
  const page = render('pages/photo/photo');
  page.instance.onShow();
  await tap(page, '.choose');
  await settle();
  return { ...page.data, ...asked };
}

for (const [name, answer, said] of [
  ['too large for a proxy', [413, '<html>413</html>'], /too large/i],
  ['answered by a proxy', [502, '<html>502</html>'], /HTTP 502/],
  ['answered by nothing', [200, 'null'], /HTTP 200/],
  ['answered by a text', [200, '"ok"'], /HTTP 200/],
  ['not answered in time', [0, 'uploadFile:fail timeout'], /timeout/],
  ['refused by the gateway', [400, '{"type":"error","code":"bad_frame","message":"x"}'], /another/i],
]) {
  test(`a photo that is ${name} says so`, async () => {
    const data = await chosen([answer]);
    assert.match(data.said, said);
    assert.deepEqual([data.wrong, data.busy, data.logins], [true, false, 0]);
  });
}

for (const refusal of ['{"type":"error","code":"unauthorized","message":"no token"}', '<html>401</html>']) {
  test(`a photo that is not authorized signs in anew, once: ${refusal.slice(0, 6)}`, async () => {
    const good = await chosen([[401, refusal], [200, RESULT]]);
    assert.deepEqual([good.uploads, good.wrong], [[undefined, 'Bearer new'], false]);
    assert.equal(good.marks.length, 1);
    const bad = await chosen([[401, refusal], [401, refusal]]);
    assert.deepEqual([bad.uploads.length, bad.logins, bad.wrong, bad.busy], [2, 1, true, false]);
  });
}

for (const [errMsg, said] of [
  ['chooseMedia:fail cancel', ''],
  ['chooseMedia:fail privacy permission is not authorized', 'Your agreement to the privacy guide is needed'],
  ['chooseMedia:fail no album', 'That did not work: chooseMedia:fail no album'],
]) {
  test(`a photo that is not chosen: ${errMsg}`, async () => {
    const data = await chosen([], { chooseMedia: ({ fail }) => fail({ errMsg }) });
    assert.deepEqual([data.said, data.wrong, data.busy], [said, said !== '', false]);
  });
}
