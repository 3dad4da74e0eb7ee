/** The moving curve of the delay: a line for the median, a band up to the 95th percentile. */

const SMALLEST_TOP_MS = 50;

/**
 * @param {HTMLCanvasElement} canvas
 * @param {({p50Ms: number, p95Ms: number}|null)[]} points oldest first, as many as it has room for
 * @param {{line: string, band: string, grid: string}} colours
 * @returns {number} the delay in ms at the upper edge
 */
export function drawChart(canvas, points, colours) {
  const scale = Math.min(2, devicePixelRatio || 1);
  const [width, height] = [canvas.clientWidth, canvas.clientHeight];
  canvas.width = Math.max(1, Math.round(width * scale));
  canvas.height = Math.max(1, Math.round(height * scale));
  const pen = canvas.getContext('2d');
  pen.setTransform(scale, 0, 0, scale, 0, 0);
  const top = roundTop(Math.max(0, ...points.map((point) => (point ? point.p95Ms : 0))));
  const at = {
    x: (i) => width - ((points.length - 1 - i) * width) / 59,
    y: (ms) => height - 1 - (ms / top) * (height - 4),
  };
  drawGrid(pen, width, at, top, colours.grid);
  for (const run of runs(points)) {
    fillBand(pen, run, at, colours.band);
    drawLine(pen, run, at, colours.line);
  }
  return top;
}

/** A round number at or above the largest delay: 50, 100, 200, 500, 1000 ms... */
export function roundTop(ms) {
  let top = SMALLEST_TOP_MS;
  for (const step of [2, 2, 2.5]) if (ms > top) top *= step;
  while (ms > top) top *= 2;
  return top;
}

/** The stretches without a gap, each a list of {i, p50Ms, p95Ms}. */
function runs(points) {
  const found = [];
  points.forEach((point, i) => {
    if (!point) return;
    if (i === 0 || !points[i - 1]) found.push([]);
    found[found.length - 1].push({ i, ...point });
  });
  return found;
}

function drawGrid(pen, width, at, top, colour) {
  pen.strokeStyle = colour;
  pen.lineWidth = 1;
  pen.beginPath();
  for (const ms of [0, top / 2, top]) {
    const y = Math.round(at.y(ms)) + 0.5;
    pen.moveTo(0, y);
    pen.lineTo(width, y);
  }
  pen.stroke();
}

function fillBand(pen, run, at, colour) {
  pen.beginPath();
  for (const { i, p95Ms } of run) pen.lineTo(at.x(i), at.y(p95Ms));
  for (const { i, p50Ms } of [...run].reverse()) pen.lineTo(at.x(i), at.y(p50Ms));
  pen.fillStyle = colour;
  pen.fill();
}

function drawLine(pen, run, at, colour) {
  pen.beginPath();
  for (const { i, p50Ms } of run) pen.lineTo(at.x(i), at.y(p50Ms));
  pen.strokeStyle = colour;
  pen.lineWidth = 2;
  pen.lineJoin = 'round';
  pen.stroke();
}
