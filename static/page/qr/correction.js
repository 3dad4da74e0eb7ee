/** Reed-Solomon error correction over GF(256), as QR codes use it. */

const POLYNOMIAL = 0x11d;

function multiply(a, b) {
  let product = 0;
  for (let bit = 7; bit >= 0; bit -= 1) {
    product = (product << 1) ^ ((product >> 7) * POLYNOMIAL);
    if ((b >> bit) & 1) product ^= a;
  }
  return product;
}

/** @returns {number[]} the generator polynomial's coefficients below the leading one */
function generator(degree) {
  const coefficients = [...new Array(degree - 1).fill(0), 1];
  let root = 1;
  for (let i = 0; i < degree; i += 1) {
    for (let j = 0; j < degree; j += 1) {
      coefficients[j] = multiply(coefficients[j], root) ^ (coefficients[j + 1] || 0);
    }
    root = multiply(root, 2);
  }
  return coefficients;
}

/**
 * @param {number[]} data bytes
 * @param {number} count
 * @returns {number[]} that many bytes of error correction
 */
export function correction(data, count) {
  const divisor = generator(count);
  const rest = new Array(count).fill(0);
  for (const byte of data) {
    const factor = byte ^ rest.shift();
    rest.push(0);
    divisor.forEach((coefficient, i) => (rest[i] ^= multiply(coefficient, factor)));
  }
  return rest;
}
