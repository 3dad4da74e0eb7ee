export { Overlay } from "./overlay.js";
/**
 * a box as `Overlay` has it
 */
export type Drawn = import("./overlay.js").Drawn;
export { CLIENT, FramewireClient, SUBPROTOCOL } from "./client.js";
export { classOfEachPixel, maskOf } from "./masks.js";
export { MsgpackError, decode, encode } from "./msgpack.js";
export * from "./types.js";
