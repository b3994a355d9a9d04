/**
 * Masks as sorted spans of column-major pixel numbers (x · height + y): small, and searchable in log time.
 * @typedef {{height: number, width: number, starts: Uint32Array, ends: Uint32Array}} Mask `ends` are exclusive;
 *   spans neither overlap nor touch.
 * @typedef {[number, number, number, number]} Box x, y, width, height in pixels
 */
import { runsFromText, textFromRuns } from './rle.mjs';

/**
 * @param {string} counts COCO compressed RLE
 * @param {number} height
 * @param {number} width
 * @returns {Mask}
 * @throws {Error} when the runs do not cover height × width
 */
export function decodeMask(counts, height, width) {
  const runs = runsFromText(counts);
  const starts = new Uint32Array(runs.length >> 1);
  const ends = new Uint32Array(runs.length >> 1);
  let at = 0;
  for (let i = 0; i < runs.length; i++) {
    if (i & 1) starts[i >> 1] = at;
    at += runs[i];
    if (i & 1) ends[i >> 1] = at;
  }
  if (at !== height * width) throw new Error(`a mask of ${at} pixels does not fit a ${width}×${height} photo`);
  return { height, width, starts, ends };
}

/** @param {Mask} mask @returns {string} COCO compressed RLE */
export function encodeMask(mask) {
  const runs = [];
  let at = 0;
  for (let i = 0; i < mask.starts.length; i++) {
    runs.push(mask.starts[i] - at, mask.ends[i] - mask.starts[i]);
    at = mask.ends[i];
  }
  const rest = mask.height * mask.width - at;
  if (rest > 0 || runs.length === 0) runs.push(rest);
  return textFromRuns(runs);
}

/** @param {Mask} mask @param {number} x column @param {number} y row @returns {boolean} */
export function contains(mask, x, y) {
  if (x < 0 || y < 0 || x >= mask.width || y >= mask.height) return false;
  const pixel = x * mask.height + y;
  let low = 0;
  let high = mask.starts.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (mask.starts[middle] <= pixel) low = middle + 1;
    else high = middle;
  }
  return low > 0 && pixel < mask.ends[low - 1];
}

/** @param {Mask} mask @returns {number} pixels inside */
export function area(mask) {
  let sum = 0;
  for (let i = 0; i < mask.starts.length; i++) sum += mask.ends[i] - mask.starts[i];
  return sum;
}

/**
 * The spans of each column that has any, left to right, as [y0, y1, y0, y1, …] (ends exclusive).
 * @param {Mask} mask
 * @returns {Map<number, number[]>}
 */
export function columns(mask) {
  const found = new Map();
  for (let i = 0; i < mask.starts.length; i++) {
    let start = mask.starts[i];
    while (start < mask.ends[i]) {
      const x = Math.floor(start / mask.height);
      const end = Math.min(mask.ends[i], (x + 1) * mask.height);
      const spans = found.get(x);
      if (spans) spans.push(start - x * mask.height, end - x * mask.height);
      else found.set(x, [start - x * mask.height, end - x * mask.height]);
      start = end;
    }
  }
  return found;
}

/**
 * A pixel well inside: the middle of the longest span of the column that halves the area. The mask is not empty.
 * @param {Mask} mask
 * @returns {[number, number]} x, y
 */
export function anchor(mask) {
  const half = area(mask) / 2;
  let before = 0;
  for (const [x, spans] of columns(mask)) {
    let [inColumn, longest, middle] = [0, 0, 0];
    for (let i = 0; i < spans.length; i += 2) {
      const length = spans[i + 1] - spans[i];
      inColumn += length;
      if (length > longest) [longest, middle] = [length, spans[i] + (length >> 1)];
    }
    before += inColumn;
    if (before >= half) return [x, middle];
  }
  throw new Error('an empty mask has no pixel inside');
}

/** The tight box; all zero for an empty mask. @param {Mask} mask @returns {Box} */
export function bbox(mask) {
  const byColumn = columns(mask);
  if (byColumn.size === 0) return [0, 0, 0, 0];
  let [left, right, top, bottom] = [mask.width, 0, mask.height, 0];
  for (const [x, spans] of byColumn) {
    left = Math.min(left, x);
    right = Math.max(right, x + 1);
    top = Math.min(top, spans[0]);
    bottom = Math.max(bottom, spans.at(-1));
  }
  return [left, top, right - left, bottom - top];
}
