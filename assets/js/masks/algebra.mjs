/** Masks as sets of pixels: every answer is a new mask, worked out span by span in the time of the spans. */

/** @typedef {import('./masks.mjs').Mask} Mask @typedef {import('./masks.mjs').Box} Box */

// Which pixels stay, as bits by (in a) + 2 · (in b).
const EITHER = 0b1110;
const BOTH = 0b1000;
const FIRST_ALONE = 0b0010;

/** @param {number} height @param {number} width @returns {Mask} */
export function emptyMask(height, width) {
  return { height, width, starts: new Uint32Array(0), ends: new Uint32Array(0) };
}

/** @param {number} height @param {number} width @returns {Mask} */
export function fullMask(height, width) {
  return { height, width, starts: Uint32Array.of(0), ends: Uint32Array.of(height * width) };
}

/**
 * @param {number} height
 * @param {number} width
 * @param {ArrayLike<number>} spans [start, end, start, end, …] of pixel numbers (x · height + y), ends exclusive, by
 *   ascending start; overlapping and touching ones are joined, empty ones left out
 * @returns {Mask}
 */
export function fromSpans(height, width, spans) {
  const toggles = new Uint32Array(spans.length);
  let count = 0;
  for (let i = 0; i < spans.length; i += 2) {
    if (spans[i] >= spans[i + 1]) continue;
    if (count > 0 && spans[i] <= toggles[count - 1]) {
      toggles[count - 1] = Math.max(toggles[count - 1], spans[i + 1]);
    } else {
      toggles[count++] = spans[i];
      toggles[count++] = spans[i + 1];
    }
  }
  return fromToggles(height, width, toggles, count);
}

/** The mask whose spans start and end, in turn, at the first `count` toggles, which ascend. */
export function fromToggles(height, width, toggles, count) {
  const starts = new Uint32Array(count >> 1);
  const ends = new Uint32Array(count >> 1);
  for (let i = 0; i < starts.length; i++) {
    starts[i] = toggles[2 * i];
    ends[i] = toggles[2 * i + 1];
  }
  return { height, width, starts, ends };
}

/** The pixels of a box, as far as they lie in the photo. @param {Box} box @returns {Mask} */
export function boxMask([x, y, width, height], photoHeight, photoWidth) {
  const [left, right] = [Math.max(0, x), Math.min(photoWidth, x + width)];
  const [top, bottom] = [Math.max(0, y), Math.min(photoHeight, y + height)];
  const spans = [];
  for (let column = left; column < right; column++) {
    spans.push(column * photoHeight + top, column * photoHeight + bottom);
  }
  return fromSpans(photoHeight, photoWidth, spans);
}

/** The pixels in any of the masks, one at least, which share one size. @param {Mask[]} masks @returns {Mask} */
export function union(masks) {
  if (masks.length === 1) return masks[0];
  const middle = masks.length >> 1;
  return combined(union(masks.slice(0, middle)), union(masks.slice(middle)), EITHER);
}

/** @param {Mask} a @param {Mask} b @returns {Mask} */
export function intersection(a, b) {
  return combined(a, b, BOTH);
}

/** How many pixels are in both; nothing is made for it. @param {Mask} a @param {Mask} b @returns {number} */
export function sharedArea(a, b) {
  if (isEmpty(a) || isEmpty(b)) return 0;
  let [i, j, sum] = [firstEndingAfter(a.ends, b.starts[0]), firstEndingAfter(b.ends, a.starts[0]), 0];
  while (i < a.starts.length && j < b.starts.length) {
    const end = Math.min(a.ends[i], b.ends[j]);
    sum += Math.max(0, end - Math.max(a.starts[i], b.starts[j]));
    if (a.ends[i] === end) i++;
    if (b.ends[j] === end) j++;
  }
  return sum;
}

/** The place of the first span that ends after a pixel. @param {ArrayLike<number>} ends ascending @param {number} pixel */
export function firstEndingAfter(ends, pixel) {
  let [low, high] = [0, ends.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    if (ends[middle] <= pixel) low = middle + 1;
    else high = middle;
  }
  return low;
}

/** The pixels of `a` that are not in `b`. @param {Mask} a @param {Mask} b @returns {Mask} */
export function difference(a, b) {
  return combined(a, b, FIRST_ALONE);
}

/** @param {Mask} mask @returns {Mask} */
export function complement(mask) {
  return difference(fullMask(mask.height, mask.width), mask);
}

/** @param {Mask} mask */
export function isEmpty(mask) {
  return mask.starts.length === 0;
}

/** @param {Mask} a @param {Mask} b @returns {boolean} whether they are of one size and hold the same pixels */
export function equal(a, b) {
  const same = (one, other) => one.length === other.length && one.every((value, index) => value === other[index]);
  return a.height === b.height && a.width === b.width && same(a.starts, b.starts) && same(a.ends, b.ends);
}

function combined(a, b, keeps) {
  const toggles = new Uint32Array(2 * (a.starts.length + b.starts.length));
  let [i, j, count, inside] = [0, 0, 0, 0];
  for (;;) {
    const nextA = toggle(a, i);
    const nextB = toggle(b, j);
    const at = Math.min(nextA, nextB);
    if (at === Infinity) return fromToggles(a.height, a.width, toggles, count);
    if (nextA === at) i++;
    if (nextB === at) j++;
    const now = (keeps >> ((i & 1) | ((j & 1) << 1))) & 1;
    if (now !== inside) toggles[count++] = at;
    inside = now;
  }
}

/** Where a mask's n-th change from outside to inside, or back, happens. */
function toggle(mask, n) {
  const span = n >> 1;
  if (span >= mask.starts.length) return Infinity;
  return n & 1 ? mask.ends[span] : mask.starts[span];
}
