/**
 * Read a tensor's first values, in row-major order.
 * @param {import('./types.js').Tensor} tensor
 * @param {number} count how many at most
 * @returns {(number|string|null)[]} empty if the dtype is unknown
 */
export function firstValues({ dtype, data }: import("./types.js").Tensor, count: number): (number | string | null)[];
/**
 * Describe a tensor in one line: its type and its first values, rounded to four digits.
 * @param {import('./types.js').Tensor} tensor
 * @param {number} count how many values at most
 * @returns {{type: string, values: string}} such as `float32 [10]` and `0.1, 0.25, …`
 */
export function summarize(tensor: import("./types.js").Tensor, count: number): {
    type: string;
    values: string;
};
