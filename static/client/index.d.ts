export { Overlay } from "./overlay.js";
export { CLIENT, FramewireClient, SUBPROTOCOL } from "./client.js";
export { classOfEachPixel, maskOf } from "./masks.js";
export { MsgpackError, decode, encode } from "./msgpack.js";
export * from "./types.js";
