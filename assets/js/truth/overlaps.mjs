/** Segments that lie over one another. */
import { difference, isEmpty, sharedArea } from '../masks/algebra.mjs';
import { keptWithMasks, keptWithPair } from '../masks/kept.mjs';

/** @typedef {import('./items.mjs').Item} Item */

const areaOfBoth = keptWithPair(sharedArea);
const restIsEmpty = keptWithMasks(([whole, ...others]) => isEmpty(others.reduce(difference, whole)));

/** How many pixels are in both. @param {Item} a @param {Item} b */
export function overlap(a, b) {
  return boxesMeet(a.bbox, b.bbox) ? areaOfBoth(a.mask, b.mask) : 0;
}

/** Whether two boxes share a pixel. */
export function boxesMeet(one, other) {
  const [, , width, height] = commonBox(one, other);
  return width > 0 && height > 0;
}

/** What two boxes share; where they do not meet a side of it is below one. */
export function commonBox([x, y, width, height], [left, top, across, down]) {
  const [startX, startY] = [Math.max(x, left), Math.max(y, top)];
  return [startX, startY, Math.min(x + width, left + across) - startX, Math.min(y + height, top + down) - startY];
}

/**
 * The segments above one that hide some of it, from the bottom to the top.
 * @param {Item[]} segments from the bottom to the top
 * @param {Item} item one of them
 */
export function above(segments, item) {
  return segments.slice(segments.indexOf(item) + 1).filter((other) => overlap(item, other) > 0);
}

/**
 * Whether nothing of a segment is to be seen.
 * @param {Item} item
 * @param {Item[]} over what lies above it
 */
export function isHidden(item, over) {
  // What they hide one by one is at least what they hide together.
  if (over.reduce((sum, other) => sum + overlap(item, other), 0) < item.area) return false;
  return restIsEmpty([item.mask, ...over.map(({ mask }) => mask)]);
}
