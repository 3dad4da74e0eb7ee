// Generated from static/client/msgpack.d.ts by `make miniprogram`; do not edit.
export { decode } from "./msgpack-decoder.js";
export { encode } from "./msgpack-encoder.js";
export { MsgpackError } from "./msgpack-error.js";
