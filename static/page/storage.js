/** Where choices are remembered. */

/** @returns {Storage|null} null if the browser forbids it */
export function storage() {
  try {
    return window.localStorage;
  } catch (error) {
    return null;
  }
}
