/** Under which address a phone can open the page, and whether its camera works there. */

const HERE = /^(localhost|.*\.localhost|127(\.\d+){3}|\[::1\]|0\.0\.0\.0)$/;

/**
 * @param {string} href the page's
 * @returns {'ready'|'insecure'|'local'} ready: a phone in reach of this host can open it, camera
 *   included; insecure: without a camera, as browsers allow that over HTTPS only; local: the address
 *   leads a phone to itself
 */
export function reach(href) {
  const { protocol, hostname } = new URL(href);
  if (HERE.test(hostname)) return 'local';
  return protocol === 'https:' ? 'ready' : 'insecure';
}
