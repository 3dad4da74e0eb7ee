/** Whether the network is the reason that a server cannot be reached. */

import { reach } from './phone-address.js';

/**
 * @param {string} href the page's
 * @param {boolean} onLine what the browser says: false is certain, true may be a network without
 *   the server
 * @returns {boolean} whether the device has no network, and the server is not on the device
 */
export function isOffline(href, onLine) {
  return !onLine && reach(href) !== 'local';
}
