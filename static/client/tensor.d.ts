/**
 * Read a tensor's first values, in row-major order.
 * @param {import('./types.js').Tensor} tensor
 * @param {number} count how many at most
 * @returns {(number|string)[]} numbers, strings for a string tensor, or empty if the dtype is unknown
 */
export function firstValues({ dtype, data }: import("./types.js").Tensor, count: number): (number | string)[];
/**
 * @param {import('./types.js').Tensor} tensor
 * @returns {number} how many values it has
 */
export function valueCount({ shape }: import("./types.js").Tensor): number;
