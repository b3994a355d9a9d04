/** What of a segment lies under others. */
import { area } from '../masks/masks.mjs';
import { intersection, union } from '../masks/algebra.mjs';
import { boxesMeet } from '../truth/overlaps.mjs';

/**
 * What lies above a segment and may hide some of it, from the bottom to the top; nothing for a proposal.
 * @param {import('../truth/state.mjs').State} state
 * @param {import('../truth/items.mjs').Item} item
 * @returns {import('../truth/items.mjs').Item[]}
 */
export function covering({ image }, { kind, key, bbox }) {
  if (kind !== 'segment') return [];
  const place = image.segments.findIndex((segment) => segment.key === key);
  return image.segments.slice(place + 1).filter((other) => boxesMeet(other.bbox, bbox));
}

/**
 * @param {import('../truth/state.mjs').State} state
 * @param {import('../truth/items.mjs').Item} item
 * @param {(mask: import('../masks/masks.mjs').Mask) => import('../masks/masks.mjs').Mask} [sample] to a coarser size
 * @returns {import('../masks/masks.mjs').Mask | null} null for a proposal, or when nothing lies above it
 */
export function hiddenIn(state, item, sample = (mask) => mask) {
  const above = covering(state, item);
  return above.length > 0 ? intersection(sample(item.mask), union(above.map(({ mask }) => sample(mask)))) : null;
}

/**
 * How many pixels of a segment lie under others.
 * @param {import('../truth/state.mjs').State} state
 * @param {import('../truth/items.mjs').Item} item
 */
export function hiddenArea(state, item) {
  const hidden = hiddenIn(state, item);
  return hidden ? area(hidden) : 0;
}
