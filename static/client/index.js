/** Framewire's JavaScript client: the public API. */

export { CLIENT, FramewireClient, SUBPROTOCOL } from './client.js';
export { classOfEachPixel, maskOf } from './masks.js';
export { MsgpackError, decode, encode } from './msgpack.js';
export { Overlay } from './overlay.js';

/** @typedef {import('./overlay.js').Drawn} Drawn a box as `Overlay` has it */
