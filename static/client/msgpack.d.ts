export { decode } from "./msgpack-decoder.js";
export { encode } from "./msgpack-encoder.js";
export { MsgpackError } from "./msgpack-error.js";
