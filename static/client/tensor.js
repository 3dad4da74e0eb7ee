/** Makes a model's raw outputs readable. */

/** Per dtype: bytes per value, and how to read one. */
const READERS = /** @type {Record<string, [number, (view: DataView, at: number) => number]>} */ ({
  bool: [1, (view, at) => view.getUint8(at)],
  uint8: [1, (view, at) => view.getUint8(at)],
  int8: [1, (view, at) => view.getInt8(at)],
  uint16: [2, (view, at) => view.getUint16(at, true)],
  int16: [2, (view, at) => view.getInt16(at, true)],
  uint32: [4, (view, at) => view.getUint32(at, true)],
  int32: [4, (view, at) => view.getInt32(at, true)],
  uint64: [8, (view, at) => wide(view.getUint32(at + 4, true), view.getUint32(at, true))],
  int64: [8, (view, at) => wide(view.getInt32(at + 4, true), view.getUint32(at, true))],
  float16: [2, (view, at) => half(view.getUint16(at, true))],
  bfloat16: [2, bfloat16],
  float32: [4, (view, at) => view.getFloat32(at, true)],
  float64: [8, (view, at) => view.getFloat64(at, true)],
});

/**
 * Read a tensor's first values, in row-major order.
 * @param {import('./types.js').Tensor} tensor
 * @param {number} count how many at most
 * @returns {(number|string|null)[]} empty if the dtype is unknown
 */
export function firstValues({ dtype, data }, count) {
  if (Array.isArray(data)) return data.slice(0, count);
  const reader = READERS[dtype];
  if (!reader) return [];
  const [width, read] = reader;
  const view = new DataView(data.buffer, data.byteOffset, data.byteLength);
  const length = Math.min(count, Math.floor(data.byteLength / width));
  return Array.from({ length }, (_, i) => read(view, i * width));
}

/**
 * Describe a tensor in one line: its type and its first values, rounded to four digits.
 * @param {import('./types.js').Tensor} tensor
 * @param {number} count how many values at most
 * @returns {{type: string, values: string}} such as `float32 [10]` and `0.1, 0.25, …`
 */
export function summarize(tensor, count) {
  const { dtype, shape } = tensor;
  const size = shape.reduce((product, side) => product * side, 1);
  const values = firstValues(tensor, count).map(short);
  if (values.length > 0 && values.length < size) values.push('…');
  return { type: `${dtype} [${shape.join(', ')}]`, values: values.join(', ') };
}

/** @param {number|string|null} value */
function short(value) {
  return typeof value === 'number' ? String(Number(value.toPrecision(4))) : String(value);
}

/**
 * @param {number} high
 * @param {number} low
 * @returns {number} exact up to 2^53
 */
function wide(high, low) {
  return high * 4294967296 + low;
}

/**
 * @param {DataView} view
 * @param {number} at
 */
function bfloat16(view, at) {
  const bits = new DataView(new ArrayBuffer(4));
  bits.setUint16(0, view.getUint16(at, true));
  return bits.getFloat32(0);
}

/**
 * @param {number} bits of an IEEE half
 * @returns {number}
 */
function half(bits) {
  const sign = bits & 0x8000 ? -1 : 1;
  const exponent = (bits >> 10) & 0x1f;
  const fraction = bits & 0x3ff;
  if (exponent === 0x1f) return fraction ? NaN : sign * Infinity;
  if (exponent === 0) return sign * fraction * 2 ** -24;
  return sign * (1 + fraction / 1024) * 2 ** (exponent - 15);
}
