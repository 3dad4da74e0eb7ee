/** The latency chart: a line for the median, a band up to the 95th percentile. */

const SMALLEST_TOP_MS = 50;

/**
 * @param {HTMLCanvasElement} canvas
 * @param {({p50Ms: number, p95Ms: number}|null)[]} points oldest first, at most 60
 * @param {{line: string, band: string, grid: string}} colours
 * @returns {number} the latency at the upper edge, in ms
 */
export function drawChart(canvas, points, colours) {
  const scale = Math.min(2, devicePixelRatio || 1);
  const [width, height] = [canvas.clientWidth, canvas.clientHeight];
  canvas.width = Math.max(1, Math.round(width * scale));
  canvas.height = Math.max(1, Math.round(height * scale));
  const context = canvas.getContext('2d');
  context.setTransform(scale, 0, 0, scale, 0, 0);
  const top = roundTop(Math.max(0, ...points.map((point) => (point ? point.p95Ms : 0))));
  const at = {
    x: (i) => width - ((points.length - 1 - i) * width) / 59,
    y: (ms) => height - 1 - (ms / top) * (height - 4),
  };
  drawGrid(context, width, at, top, colours.grid);
  for (const run of runs(points)) {
    fillBand(context, run, at, colours.band);
    drawLine(context, run, at, colours.line);
  }
  return top;
}

/** The smallest round number that is not below the largest latency: 50, 100, 200, 500, 1000 ms... */
export function roundTop(ms) {
  let top = SMALLEST_TOP_MS;
  for (const step of [2, 2, 2.5]) if (ms > top) top *= step;
  while (ms > top) top *= 2;
  return top;
}

/** The runs without a gap, each a list of {i, p50Ms, p95Ms}. */
function runs(points) {
  const all = [];
  points.forEach((point, i) => {
    if (!point) return;
    if (i === 0 || !points[i - 1]) all.push([]);
    all[all.length - 1].push({ i, ...point });
  });
  return all;
}

function drawGrid(context, width, at, top, colour) {
  context.strokeStyle = colour;
  context.lineWidth = 1;
  context.beginPath();
  for (const ms of [0, top / 2, top]) {
    const y = Math.round(at.y(ms)) + 0.5;
    context.moveTo(0, y);
    context.lineTo(width, y);
  }
  context.stroke();
}

function fillBand(context, run, at, colour) {
  context.beginPath();
  for (const { i, p95Ms } of run) context.lineTo(at.x(i), at.y(p95Ms));
  for (const { i, p50Ms } of [...run].reverse()) context.lineTo(at.x(i), at.y(p50Ms));
  context.fillStyle = colour;
  context.fill();
}

function drawLine(context, run, at, colour) {
  context.beginPath();
  for (const { i, p50Ms } of run) context.lineTo(at.x(i), at.y(p50Ms));
  context.strokeStyle = colour;
  context.lineWidth = 2;
  context.lineJoin = 'round';
  context.stroke();
}
