/** How unfinished work looks: lines, corners and words over the photo, in CSS pixels. */

const CASING = 'rgb(0 0 0 / 0.7)';
const HANDLE_PX = 7;
const FONT = '12px system-ui, "DejaVu Sans", sans-serif';
const LINE_PX = 18;

/** What is added, and what is taken away: told apart by the dashes too. */
export const ADDS = Object.freeze({ line: '#ffd60a', fill: 'rgb(255 214 10 / 0.4)', dashes: [] });
export const SUBTRACTS = Object.freeze({ line: '#ff5d52', fill: 'rgb(255 93 82 / 0.4)', dashes: [5, 4] });
/** @typedef {typeof ADDS} Look @typedef {[number, number]} Vertex x, y in the photo */

/** @param {boolean} subtracts @returns {Look} */
export function lookOf(subtracts) {
  return subtracts ? SUBTRACTS : ADDS;
}

/** @param {import('../stage/viewport.mjs').Viewport} viewport @param {Vertex} vertex @returns {Vertex} on the stage */
export function placed({ scale, left, top }, [x, y]) {
  return [left + x * scale, top + y * scale];
}

/** @param {import('../stage/viewport.mjs').Viewport} viewport @param {Vertex[]} vertices */
export function pathThrough(viewport, vertices, { closed = false } = {}) {
  const path = new Path2D();
  for (const vertex of vertices) path.lineTo(...placed(viewport, vertex));
  if (closed) path.closePath();
  return path;
}

/** A line that shows on any photo. @param {CanvasRenderingContext2D} context @param {Path2D} path @param {Look} look */
export function strokeLine(context, path, look) {
  context.setLineDash([]);
  Object.assign(context, { lineWidth: 3.5, strokeStyle: CASING, lineJoin: 'round' });
  context.stroke(path);
  context.setLineDash(look.dashes);
  Object.assign(context, { lineWidth: 1.5, strokeStyle: look.line });
  context.stroke(path);
  context.setLineDash([]);
}

/** The corners one can take hold of; the first is larger while a click on it closes. */
export function drawHandles(context, viewport, vertices, look, { firstCloses = false } = {}) {
  vertices.forEach((vertex, index) => {
    const side = HANDLE_PX + (index === 0 && firstCloses ? 4 : 0);
    const [x, y] = placed(viewport, vertex);
    context.fillStyle = CASING;
    context.fillRect(x - side / 2 - 1, y - side / 2 - 1, side + 2, side + 2);
    context.fillStyle = look.line;
    context.fillRect(x - side / 2, y - side / 2, side, side);
  });
}

/** Words right below a place of the stage. */
export function writeBeside(context, text, [x, y]) {
  Object.assign(context, { font: FONT, textAlign: 'left', textBaseline: 'middle' });
  const width = context.measureText(text).width;
  context.fillStyle = CASING;
  context.fillRect(x + 8, y + 8, width + 10, LINE_PX);
  context.fillStyle = '#fff';
  context.fillText(text, x + 13, y + 8 + LINE_PX / 2);
}
