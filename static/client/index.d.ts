export { classOfEachPixel } from "./masks.js";
export { Overlay } from "./overlay.js";
export { CLIENT, FramewireClient, SUBPROTOCOL } from "./client.js";
export { MsgpackError, decode, encode } from "./msgpack.js";
export * from "./types.js";
