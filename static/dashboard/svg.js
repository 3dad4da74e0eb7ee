/** Elements, for charts and for the page. */

const SVG = 'http://www.w3.org/2000/svg';

/** An SVG element with attributes, and with text if that is given. */
export function svg(name, attributes = {}, text = null) {
  const element = document.createElementNS(SVG, name);
  for (const [key, value] of Object.entries(attributes)) element.setAttribute(key, value);
  if (text !== null) element.textContent = text;
  return element;
}

/** An HTML element with attributes and children: elements or texts. */
export function html(name, attributes = {}, ...children) {
  const element = document.createElement(name);
  for (const [key, value] of Object.entries(attributes)) {
    if (value !== null && value !== false) element.setAttribute(key, value === true ? '' : value);
  }
  element.append(...children.filter((child) => child !== null));
  return element;
}

/** The path of a line through [x, y] points. */
export function line(points) {
  return `M${points.map(([x, y]) => `${x.toFixed(1)} ${y.toFixed(1)}`).join('L')}`;
}

/** The path of the area between two lines. */
export function area(upper, lower) {
  return `${line([...upper, ...[...lower].reverse()])}Z`;
}
