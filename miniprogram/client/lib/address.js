/** A gateway's addresses, from whatever a user types. `URL` is missing on phones. */
'use strict';

const FORM = /^(?:(wss?|https?):\/\/)?((?:[\w-]+\.)*[\w-]+|\[[\da-f:.]+\])(:\d{1,5})?(\/[^\s?#]*)?$/i;
const OPEN_SCHEMES = ['ws', 'http']; // without TLS: the developer tools and nothing else

/**
 * @param {string} text such as `example.org`, `https://example.org/vision/` or `wss://example.org/ws`
 * @returns {import('./index').Addresses|null} null if it is no address
 */
function addresses(text) {
  const parts = FORM.exec(text.trim());
  if (!parts) return null;
  const [, scheme = 'wss', host, port = '', path = '/'] = parts;
  const open = OPEN_SCHEMES.includes(scheme.toLowerCase());
  const folder = path.replace(/\/(ws)?$/, '');
  const rest = `${host}${port}${folder}`;
  return {
    socket: `${open ? 'ws' : 'wss'}://${rest}/ws`,
    infer: `${open ? 'http' : 'https'}://${rest}/v1/infer`,
    login: `${open ? 'http' : 'https'}://${rest}/v1/login`,
  };
}

module.exports = { addresses };
