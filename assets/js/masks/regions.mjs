/** Connected parts of a mask, its holes and islands, by union–find over the runs of its columns. */
import { boxMask, difference, emptyMask, fromSpans, union } from './algebra.mjs';
import { area, bbox } from './masks.mjs';

/**
 * @typedef {import('./masks.mjs').Mask} Mask
 * @typedef {object} Parts connected parts, largest first
 * @property {Mask[]} parts
 * @property {(x: number, y: number) => number} at the place in `parts` of the one that holds a pixel, or −1
 * @property {ColumnRuns} runs of all of them
 * @property {Uint32Array} places of the part in `parts` that each run belongs to
 */

/**
 * The connected parts, largest first (of equal ones the one whose first pixel, down the columns, comes first).
 * @param {Mask} mask
 * @param {4 | 8} [connectivity] 8: pixels that touch at a corner belong together
 * @returns {Mask[]} none for an empty mask
 */
export function components(mask, connectivity = 8) {
  return parted(mask, connectivity).parts;
}

/**
 * The connected part that holds a pixel; empty where the mask does not.
 * @param {Mask} mask @param {number} x column @param {number} y row @param {4 | 8} [connectivity]
 * @returns {Mask}
 */
export function componentAt(mask, x, y, connectivity = 8) {
  const { parts, at } = parted(mask, connectivity);
  return parts[at(x, y)] ?? emptyMask(mask.height, mask.width);
}

/**
 * The connected parts, as of `components`, and what is in which of them.
 * @param {Mask} mask
 * @param {4 | 8} [connectivity]
 * @returns {Parts}
 */
export function parted(mask, connectivity = 8) {
  const runs = columnRuns(mask);
  const labels = labelled(runs, connectivity);
  const sizes = [];
  const counts = [];
  for (let i = 0; i < runs.count; i++) {
    sizes[labels[i]] = (sizes[labels[i]] ?? 0) + runs.bottoms[i] - runs.tops[i];
    counts[labels[i]] = (counts[labels[i]] ?? 0) + 2;
  }
  const spans = spansByLabel(runs, labels, counts, mask.height);
  const order = sizes.map((_, label) => label).sort((a, b) => sizes[b] - sizes[a] || a - b);
  const placeOf = new Uint32Array(order.length);
  order.forEach((label, place) => (placeOf[label] = place));
  const places = labels.map((label) => placeOf[label]);
  return {
    parts: order.map((label) => fromSpans(mask.height, mask.width, spans[label])),
    at: (x, y) => places[runAt(runs, x, y)] ?? -1,
    runs,
    places,
  };
}

/** Each label's runs as [start, end, …] of pixel numbers, `counts` of them by label. @returns {Uint32Array[]} */
function spansByLabel(runs, labels, counts, height) {
  const spans = counts.map((count) => new Uint32Array(count));
  const filled = new Uint32Array(counts.length);
  for (let i = 0; i < runs.count; i++) {
    const [own, at, base] = [spans[labels[i]], filled[labels[i]], runs.columns[i] * height];
    own[at] = base + runs.tops[i];
    own[at + 1] = base + runs.bottoms[i];
    filled[labels[i]] = at + 2;
  }
  return spans;
}

/**
 * The background's 4-connected parts that do not reach the photo's border, largest first.
 * @param {Mask} mask
 * @returns {Mask[]}
 */
export function holes(mask) {
  if (mask.starts.length === 0) return [];
  // A background pixel on the rim of the mask's box has a way out.
  const box = bbox(mask);
  const inside = difference(boxMask(box, mask.height, mask.width), mask);
  return components(inside, 4).filter((part) => !meetsRim(bbox(part), box));
}

function meetsRim([x, y, width, height], [left, top, across, down]) {
  return x === left || y === top || x + width === left + across || y + height === top + down;
}

/**
 * The mask with its holes of at most `most` pixels filled.
 * @param {Mask} mask @param {{most?: number}} [limit]
 * @returns {Mask}
 */
export function filled(mask, { most = Infinity } = {}) {
  return union([mask, ...holes(mask).filter((hole) => area(hole) <= most)]);
}

/**
 * The mask without its parts of fewer than `least` pixels; the largest part always stays.
 * @param {Mask} mask @param {{least?: number}} [limit] Infinity, the default, keeps the largest alone
 * @returns {Mask}
 */
export function withoutIslands(mask, { least = Infinity } = {}) {
  const kept = components(mask).filter((part, index) => index === 0 || area(part) >= least);
  return kept.length === 0 ? mask : union(kept);
}

/**
 * A mask's spans cut at the ends of columns, in order: run i covers rows tops[i] to bottoms[i] (exclusive).
 * @typedef {{count: number, columns: Uint32Array, tops: Uint32Array, bottoms: Uint32Array}} ColumnRuns
 * @param {Mask} mask
 * @returns {ColumnRuns}
 */
function columnRuns({ height, starts, ends }) {
  let count = 0;
  for (let i = 0; i < starts.length; i++) {
    count += Math.floor((ends[i] - 1) / height) - Math.floor(starts[i] / height) + 1;
  }
  const [columns, tops, bottoms] = [new Uint32Array(count), new Uint32Array(count), new Uint32Array(count)];
  let run = 0;
  for (let i = 0; i < starts.length; i++) {
    for (let start = starts[i]; start < ends[i]; run++) {
      const x = Math.floor(start / height);
      const end = Math.min(ends[i], (x + 1) * height);
      columns[run] = x;
      tops[run] = start - x * height;
      bottoms[run] = end - x * height;
      start = end;
    }
  }
  return { count, columns, tops, bottoms };
}

/** The run that holds a pixel, or −1. */
function runAt({ count, columns, tops, bottoms }, x, y) {
  let [low, high] = [0, count];
  while (low < high) {
    const middle = (low + high) >> 1;
    if (columns[middle] < x || (columns[middle] === x && bottoms[middle] <= y)) low = middle + 1;
    else high = middle;
  }
  return low < count && columns[low] === x && tops[low] <= y ? low : -1;
}

/** Which part each run belongs to, numbered from 0 in the order of their first runs. @returns {Uint32Array} */
function labelled(runs, connectivity) {
  const parents = joined(runs, connectivity === 8 ? 1 : 0);
  const labels = new Uint32Array(runs.count);
  let count = 0;
  // A parent comes before its children, and so has its label already.
  for (let i = 0; i < runs.count; i++) labels[i] = parents[i] === i ? count++ : labels[parents[i]];
  return labels;
}

/** Joins the runs of neighbouring columns that share a row, or lie at most `reach` rows apart. */
function joined({ count, columns, tops, bottoms }, reach) {
  const parents = Uint32Array.from({ length: count }, (_, i) => i);
  let left = 0;
  for (let i = 0; i < count; i++) {
    while (columns[left] + 1 < columns[i]) left++;
    while (columns[left] + 1 === columns[i] && bottoms[left] + reach <= tops[i]) left++;
    for (let j = left; j < i && columns[j] + 1 === columns[i] && tops[j] < bottoms[i] + reach; j++) join(parents, i, j);
  }
  return parents;
}

function join(parents, a, b) {
  const [one, other] = [root(parents, a), root(parents, b)];
  parents[Math.max(one, other)] = Math.min(one, other);
}

function root(parents, run) {
  let at = run;
  while (parents[at] !== at) {
    parents[at] = parents[parents[at]];
    at = parents[at];
  }
  return at;
}
