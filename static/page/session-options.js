/** What the page's address says about the session. */

import { tokenOf } from './token.js';

/** The gateway's WebSocket is beside this page, also below a proxy's prefix. */
export function socketAddress() {
  const address = new URL('ws', document.baseURI);
  address.protocol = address.protocol === 'https:' ? 'wss:' : 'ws:';
  address.search = address.hash = '';
  return address.href;
}

/** The session options in the address: ?model=, ?label= or ?version=, and #token=. */
export function sessionOptions() {
  const query = new URLSearchParams(location.search);
  const options = {};
  for (const name of ['model', 'label']) if (query.has(name)) options[name] = query.get(name);
  if (query.has('version')) options.version = Number(query.get('version'));
  const token = tokenOf(location.hash);
  return token ? { ...options, token } : options;
}
