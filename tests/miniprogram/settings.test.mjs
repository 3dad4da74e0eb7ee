// The settings, and the connection test on their page, under miniprogram-simulate.

import assert from 'node:assert/strict';
import { test } from 'node:test';

import { fire, phone, settle, shown, tap, texts } from './simulated.mjs';

test('settings are loaded, saved when changed, and the language changes immediately', async () => {
  const asked = [];
  const stored = phone({ navigateTo: ({ url }) => asked.push(url) });
  stored.set('framewire.settings', { server: 'example.org' });
  const page = shown('pages/settings/settings');
  assert.match(texts(page, '.cell-more')[0], /wss:\/\/example\.org\/ws/);
  await fire(page, '#server', 'input', { value: 'other place' });
  assert.match(texts(page, '.cell-more')[0], /服务器地址格式不正确/);
  await fire(page, '#live', 'change', { value: false });
  page.instance.languagePicked({ detail: { value: '2' } });
  assert.deepEqual(texts(page, '.cells-title'), ['Server', 'General']);
  const { server, boxes, language } = stored.get('framewire.settings');
  assert.deepEqual([server, boxes, language], ['other place', 'exact', 'en']);
  await tap(page, '.advanced');
  assert.deepEqual(asked, ['/pages/advanced/advanced']);
});

test('advanced settings are loaded, and saved when changed', async () => {
  const stored = phone();
  stored.set('framewire.settings', { model: 'digits', frameSize: 'small' });
  const page = shown('pages/advanced/advanced');
  assert.deepEqual(texts(page, '.cell-value'), ['小', '自动']);
  await fire(page, '#model', 'input', { value: ' flowers ' });
  await fire(page, '#size', 'change', { value: '2' });
  await fire(page, '#rotation', 'change', { value: '1' });
  await fire(page, '#frame-mirrored', 'change', { value: true });
  assert.deepEqual(texts(page, '.cell-value'), ['大', '0°']);
  const { model, frameSize, rotate, frameMirrored } = stored.get('framewire.settings');
  assert.deepEqual([model, frameSize, rotate, frameMirrored], ['flowers', 'large', 0, true]);
});

/** The settings page after a tap on the test, on a phone whose sockets fail or whose server answers. */
async function tested(server, { reason, request, network = 'wifi' } = {}) {
  const stored = phone({
    getNetworkType: ({ success }) => success({ networkType: network }),
    connectSocket: ({ fail }) => {
      fail({ errMsg: `connectSocket:fail ${reason}` });
      return null;
    },
    request,
  });
  stored.set('framewire.settings', { server });
  const page = shown('pages/settings/settings');
  await tap(page, '.test');
  await settle();
  return page;
}

const answers = (statusCode, data) => ({ success }) => success({ statusCode, data });
const fails = (errMsg) => ({ fail }) => fail({ errMsg: `request:fail ${errMsg}` });

for (const [what, server, phoneState, title, step] of [
  ['an empty address', '', {}, /尚未填写服务器地址/, /vision\.example\.org/],
  ['an invalid address', 'two words', {}, /格式不正确/, /只填写域名/],
  ['no network', 'example.org', { network: 'none' }, /网络不可用/, /检查手机网络/],
  ['a domain that is not listed', 'example.org', { reason: 'url not in domain list' }, /白名单/, /socket 合法域名中添加 wss:\/\/example\.org/],
  ['an IP address', '192.168.1.7:8888', { reason: 'url not in domain list' }, /IP 地址/, /域名和 TLS 证书/],
  ['no TLS', 'ws://example.org', { reason: 'url not in domain list' }, /未加密/, /去掉地址中的 ws/],
  ['a certificate', 'example.org', { reason: 'ssl handshake error' }, /证书无效/, /fullchain\.pem/],
  ['a name that does not exist', 'exmaple.org', { reason: 'errcode:-105, net::ERR_NAME_NOT_RESOLVED' }, /找不到服务器/, /exmaple\.org 无法解析/],
  ['a full server', 'example.org', { reason: 'Unexpected response code: 503' }, /服务器已满/, /max_sessions/],
  ['an origin', 'example.org', { reason: 'Unexpected response code: 403' }, /来源/, /allowed_origins/],
  ['a proxy without WebSocket', 'example.org', { reason: 'x', request: answers(200, { status: 'alive' }) }, /WebSocket/, /Upgrade/],
  ['another server', 'example.org', { reason: 'x', request: answers(404, 'no') }, /不是 Framewire 网关/, /HTTP 404/],
  ['a server that is down', 'example.org', { reason: 'x', request: fails('timeout') }, /无法连接/, /防火墙/],
]) {
  test(`the connection test names what failed and the next step: ${what}`, async () => {
    const page = await tested(server, phoneState);
    assert.match(texts(page, '.outcome-title')[0], title);
    assert.match(texts(page, '.outcome-more')[0], step);
    assert.deepEqual(texts(page, '.action'), ['测试连接']);
    page.instance.onUnload();
  });
}

test('the result of a connection test disappears when the address changes', async () => {
  const page = await tested('example.org', { reason: 'ssl' });
  assert.equal(page.querySelectorAll('.outcome').length, 1);
  await fire(page, '#server', 'input', { value: 'example.com' });
  assert.equal(page.querySelectorAll('.outcome').length, 0);
});

test('leaving the settings cancels the test', async () => {
  const closed = [];
  const stored = phone({
    getNetworkType: ({ success }) => success({ networkType: 'wifi' }),
    connectSocket: () => new Proxy({}, { get: (_, name) => () => name === 'close' && closed.push(name) }),
  });
  stored.set('framewire.settings', { server: 'example.org' });
  const page = shown('pages/settings/settings');
  await tap(page, '.test');
  assert.deepEqual(texts(page, '.action'), ['正在测试……']);
  page.instance.onUnload();
  assert.deepEqual([closed, page.data.isTesting], [['close'], false]);
});
