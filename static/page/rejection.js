/**
 * Why the server rejects a WebSocket handshake: browsers hide its HTTP status from pages, but a
 * plain request to the same address gets the same answer.
 */

const FULL_STATUS = 503;

/**
 * @param {string} socketUrl `ws:` or `wss:`
 * @returns {Promise<boolean>} whether the server is there but has no room for another session
 */
export async function isFull(socketUrl) {
  try {
    const response = await fetch(socketUrl.replace(/^ws/, 'http'), { cache: 'no-store' });
    return response.status === FULL_STATUS && (await response.json()).code === 'overloaded';
  } catch {
    return false; // nothing answers, or something other than Framewire
  }
}
