/**
 * The wand's region: the same pixels as core/inference/wand.py finds, in whole numbers.
 *
 * The photo between four neighbouring cells of the map is a patch. One whose cells are all within the tolerance is
 * taken whole, one whose cells are all beyond it is left: only borders are worked out pixel by pixel.
 */
import { fromSpans, union } from './algebra.mjs';
import { componentAt } from './regions.mjs';

/**
 * @typedef {{width: number, height: number, values: Uint8Array}} DistanceMap row by row, stretched over the photo
 *   between its cells' centres; 0: like the clicked pixel
 */

const WEIGHT_BITS = 8;
const ONE = 1 << WEIGHT_BITS;

/**
 * The pixels within the tolerance that hang together, side by side, with the clicked one, which is in whatever its
 * own distance.
 * @param {DistanceMap} map
 * @param {{height: number, width: number, x: number, y: number, tolerance: number}} click a photo of this size, the
 *   clicked pixel, and a tolerance from 0 to 255
 * @returns {import('./masks.mjs').Mask}
 */
export function wandMask(map, { height, width, x, y, tolerance }) {
  const pixel = x * height + y;
  const within = fromSpans(height, width, spansWithin(map, height, width, tolerance));
  return componentAt(union([within, fromSpans(height, width, [pixel, pixel + 1])]), x, y, 4);
}

function spansWithin(map, height, width, tolerance) {
  const across = axis(map.width, width);
  const down = axis(map.height, height);
  const rows = firstPixels(down.low, map.height);
  const columns = firstPixels(across.low, map.width);
  const spans = [];
  for (let cell = 0; cell < map.width; cell++) {
    if (columns[cell] === columns[cell + 1]) continue;
    const patches = patchesOf(map, cell, rows, tolerance);
    for (let column = columns[cell]; column < columns[cell + 1]; column++) {
      addColumn(spans, patches, { base: column * height, weight: across.weight[column], down, tolerance });
    }
  }
  return spans;
}

/** For each pixel of an axis the cell before its centre, and the next cell's share in 256ths. */
function axis(cells, pixels) {
  const low = new Int32Array(pixels);
  const weight = new Int32Array(pixels);
  for (let i = 0; i < pixels; i++) {
    const place = Math.floor(((2 * i + 1) * cells * (ONE / 2)) / pixels) - ONE / 2;
    const inside = Math.min(Math.max(place, 0), (cells - 1) * ONE);
    low[i] = inside >> WEIGHT_BITS;
    weight[i] = inside & (ONE - 1);
  }
  return { low, weight };
}

/** The first pixel behind each cell: [cells + 1], the last entry the number of pixels. */
function firstPixels(low, cells) {
  const firsts = new Int32Array(cells + 1).fill(low.length);
  for (let i = low.length - 1; i >= 0; i--) firsts[low[i]] = i;
  for (let cell = cells - 1; cell >= 0; cell--) firsts[cell] = Math.min(firsts[cell], firsts[cell + 1]);
  return firsts;
}

/**
 * What the photo's columns behind one cell of the map have in common: rows that are in whole, and patches with a
 * border, whose four distances follow.
 * @returns {{first: number, end: number, corners: [number, number, number, number] | null}[]}
 */
function patchesOf({ values, width, height }, left, rows, tolerance) {
  const right = Math.min(left + 1, width - 1);
  const patches = [];
  for (let cell = 0; cell < height; cell++) {
    const [first, end] = [rows[cell], rows[cell + 1]];
    if (first === end) continue;
    const [above, below] = [cell * width, Math.min(cell + 1, height - 1) * width];
    const corners = [values[above + left], values[above + right], values[below + left], values[below + right]];
    const beyond = corners.filter((distance) => distance > tolerance).length;
    const last = patches.at(-1);
    if (beyond === 0 && last?.corners === null && last.end === first) last.end = end;
    else if (beyond < 4) patches.push({ first, end, corners: beyond === 0 ? null : corners });
  }
  return patches;
}

/** Appends what is within the tolerance in one column of the photo, as [start, end) pixel numbers. */
function addColumn(spans, patches, { base, weight, down, tolerance }) {
  const limit = tolerance * ONE * ONE;
  for (const { first, end, corners } of patches) {
    let [from, to] = [first, end];
    if (corners) {
      const above = corners[0] * (ONE - weight) + corners[1] * weight;
      const below = corners[2] * (ONE - weight) + corners[3] * weight;
      const isIn = (row) => above * (ONE - down.weight[row]) + below * down.weight[row] <= limit;
      // From cell to cell distances rise or fall all the way: what is in lies at one end.
      while (from < to && !isIn(from)) from++;
      while (from < to && !isIn(to - 1)) to--;
    }
    append(spans, base + from, base + to);
  }
}

function append(spans, start, end) {
  if (start === end) return;
  if (spans.at(-1) === start) spans[spans.length - 1] = end;
  else spans.push(start, end);
}
