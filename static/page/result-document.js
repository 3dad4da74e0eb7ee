/** A result as a JSON document that others can read: with its model, the class names and the time. */

/**
 * @param {object} shown
 * @param {object} shown.result as the wire has it
 * @param {object} shown.model as the welcome has it
 * @param {{width: number, height: number}} shown.frame as it was sent, in pixels
 * @param {Date} at when the document is made
 * @returns {string} JSON; bytes are base64
 */
export function resultDocument({ result, model, frame }, at) {
  const { name, version, label, task, labels } = model;
  const { type, id, captured_at: capturedAt, ...fields } = result;
  const document = {
    saved_at: at.toISOString(),
    model: { name, version, label, task },
    frame,
    ...(result.classes && labels.length > 0 ? { names: result.classes.map((index) => labels[index] ?? null) } : {}),
    ...fields,
  };
  return `${JSON.stringify(document, plain, 2)}\n`;
}

/** @returns {string} such as framewire-2026-11-29-181500.png */
export function fileName(at, extension) {
  const two = (number) => String(number).padStart(2, '0');
  const day = [at.getFullYear(), two(at.getMonth() + 1), two(at.getDate())].join('-');
  const time = [at.getHours(), at.getMinutes(), at.getSeconds()].map(two).join('');
  return `framewire-${day}-${time}.${extension}`;
}

function plain(key, value) {
  if (typeof value === 'bigint') return value.toString();
  if (!(value instanceof Uint8Array)) return value;
  let text = '';
  for (const byte of value) text += String.fromCharCode(byte);
  return btoa(text);
}
