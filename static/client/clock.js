/**
 * A clock that never goes back. A phone's clock may be set while frames travel, and a pause that
 * ends at ten past must not last until it is ten past again.
 */

const state = { last: 0, offset: 0 }; // offset: by how much the host's clock was set back

/** @returns {number} ms since 1970, never less than the previous call returned */
export function now() {
  const host = Date.now();
  state.offset = Math.max(state.offset, state.last - host);
  state.last = host + state.offset;
  return state.last;
}
