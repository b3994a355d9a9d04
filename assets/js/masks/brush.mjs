/** A brush or eraser at work on a mask: a move costs what it covers, whatever the mask and the photo. */
import { difference, firstEndingAfter, fromSpans, union } from './algebra.mjs';
import { brushPlace, brushRadius, eachColumn } from './capsule.mjs';

/**
 * @typedef {import('./masks.mjs').Mask} Mask @typedef {import('./capsule.mjs').Place} Place
 *
 * @typedef {object} Changed what one move changed
 * @property {import('./masks.mjs').Box | null} box around it; null: nothing
 * @property {number[]} spans [column, top, bottom, column, top, bottom, …], bottoms exclusive: the pixels that came
 *   to the mask, or left it
 *
 * @typedef {object} Stroke
 * @property {(points: Place[]) => Changed} add goes on from the last point
 * @property {() => Mask} end the mask with the whole stroke
 */

/**
 * @param {Mask} mask what is painted on; it stays as it is
 * @param {{diameter: number, erases?: boolean}} brush pixels of the photo
 * @returns {Stroke}
 */
export function beginStroke(mask, { diameter, erases = false }) {
  const touched = new Map();
  const radius = brushRadius(diameter);
  const change = erases ? take : give;
  let last = null;

  function add(points) {
    const spans = [];
    for (const point of points) {
      const place = brushPlace(point, diameter);
      eachColumn(last ?? place, place, radius, mask, (x, top, bottom) => {
        if (!touched.has(x)) touched.set(x, columnOf(mask, x));
        change(touched.get(x), top, bottom, (from, to) => spans.push(x, from, to));
      });
      last = place;
    }
    return { box: boxOf(spans), spans };
  }

  return { add, end: () => withColumns(mask, touched) };
}

/** The rows of one column that are inside, as [top, bottom, top, bottom, …]. */
function columnOf(mask, x) {
  const { height, starts, ends } = mask;
  const [from, to] = [x * height, (x + 1) * height];
  const rows = [];
  for (let i = firstEndingAfter(mask.ends, from); i < starts.length && starts[i] < to; i++) {
    rows.push(Math.max(starts[i], from) - from, Math.min(ends[i], to) - from);
  }
  return rows;
}

/** Adds rows to a column, and tells which were not there. */
function give(rows, top, bottom, tell) {
  const first = firstBelow(rows, top);
  let [next, at, from, to] = [first, top, top, bottom];
  for (; next < rows.length && rows[next] <= bottom; next += 2) {
    if (at < rows[next]) tell(at, rows[next]);
    at = rows[next + 1];
    from = Math.min(from, rows[next]);
    to = Math.max(to, rows[next + 1]);
  }
  if (at < bottom) tell(at, bottom);
  rows.splice(first, next - first, from, to);
}

/** Takes rows from a column, and tells which were there. */
function take(rows, top, bottom, tell) {
  const first = firstBelow(rows, top);
  const kept = [];
  let next = first;
  for (; next < rows.length && rows[next] < bottom; next += 2) {
    const [from, to] = [rows[next], rows[next + 1]];
    if (from < top) kept.push(from, top);
    if (to > bottom) kept.push(bottom, to);
    if (Math.max(from, top) < Math.min(to, bottom)) tell(Math.max(from, top), Math.min(to, bottom));
  }
  rows.splice(first, next - first, ...kept);
}

/** The place in `rows` of the first span that ends at `top` or below it. */
function firstBelow(rows, top) {
  let [low, high] = [0, rows.length >> 1];
  while (low < high) {
    const middle = (low + high) >> 1;
    if (rows[2 * middle + 1] < top) low = middle + 1;
    else high = middle;
  }
  return 2 * low;
}

function boxOf(spans) {
  if (spans.length === 0) return null;
  let [left, right, top, bottom] = [Infinity, 0, Infinity, 0];
  for (let i = 0; i < spans.length; i += 3) {
    left = Math.min(left, spans[i]);
    right = Math.max(right, spans[i] + 1);
    top = Math.min(top, spans[i + 1]);
    bottom = Math.max(bottom, spans[i + 2]);
  }
  return [left, top, right - left, bottom - top];
}

/** The mask with other rows in some of its columns. */
function withColumns(mask, touched) {
  const { height, width } = mask;
  const columns = [...touched.keys()].sort((a, b) => a - b);
  const whole = columns.flatMap((x) => [x * height, (x + 1) * height]);
  const rows = columns.flatMap((x) => touched.get(x).map((row) => x * height + row));
  const others = difference(mask, fromSpans(height, width, whole));
  return union([others, fromSpans(height, width, rows)]);
}
