/** Parses a gateway's address as typed by a user. Phones have no `URL`. */
'use strict';

const ADDRESS = /^(?:(wss?|https?):\/\/)?((?:[\w-]+\.)*[\w-]+|\[[\da-f:.]+\])(:\d{1,5})?(\/[^\s?#]*)?$/i;
const PLAIN_SCHEMES = ['ws', 'http']; // without TLS: these only work in WeChat DevTools

/**
 * @param {string} text such as `example.org`, `https://example.org/vision/` or `wss://example.org/ws`
 * @returns {import('./index').Addresses|null} null if the text is not an address
 */
function addresses(text) {
  const match = ADDRESS.exec(text.trim());
  if (!match) return null;
  const [, scheme = 'wss', host, port = '', path = '/'] = match;
  const isPlain = PLAIN_SCHEMES.includes(scheme.toLowerCase());
  const base = `${host}${port}${path.replace(/\/(ws)?$/, '')}`;
  return {
    socket: `${isPlain ? 'ws' : 'wss'}://${base}/ws`,
    infer: `${isPlain ? 'http' : 'https'}://${base}/v1/infer`,
    models: `${isPlain ? 'http' : 'https'}://${base}/v1/models`,
    login: `${isPlain ? 'http' : 'https'}://${base}/v1/login`,
  };
}

module.exports = { addresses };
