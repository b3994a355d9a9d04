/**
 * The three views of one truth, as pure functions of an image's segments; equal to core/annotation/views.py.
 *
 * A view is a map of slots (0 = nothing, n = the n-th segment from the bottom, counted from 1) and a table that
 * says which id each slot stands for, so that switching views changes a table and not the map.
 * @typedef {{id: number, category_id: number | null, crowd: boolean, mask: import('../masks/masks.mjs').Mask}} Segment
 * @typedef {{id: number, name: string, is_thing: boolean, colour: [number, number, number]}} Category
 * @typedef {'semantic' | 'instance' | 'panoptic'} View
 */

export const VIEWS = ['semantic', 'instance', 'panoptic'];
export const SEMANTIC_VOID = -1;
export const VOID = 0;

/**
 * The topmost segment at each pixel, row by row; 0 where that is one that `keep` does not take.
 * @param {Segment[]} segments from the bottom to the top, fewer than 65,536
 * @param {(segment: Segment) => boolean} keep
 * @returns {Uint16Array} slots [height · width]
 */
export function topmost(segments, keep, width, height) {
  const byColumn = new Uint16Array(width * height);
  segments.forEach((segment, index) => {
    const slot = keep(segment) ? index + 1 : 0;
    const { starts, ends } = segment.mask;
    for (let i = 0; i < starts.length; i++) byColumn.fill(slot, starts[i], ends[i]);
  });
  const byRow = new Uint16Array(width * height);
  transpose(byColumn, width, height, byRow, width, 0);
  return byRow;
}

// Tiles that fit the processor's cache; a plain double loop takes four times as long on a large photo.
const TILE_PX = 32;

/**
 * Lays pixels that are held column by column into rows.
 * @param {Uint16Array} byColumn [width · height]
 * @param {number} width
 * @param {number} height
 * @param {Uint16Array} byRow takes them
 * @param {number} stride from one of its rows to the next
 * @param {number} first where in it the first pixel goes
 */
export function transpose(byColumn, width, height, byRow, stride, first) {
  for (let left = 0; left < width; left += TILE_PX) {
    const right = Math.min(left + TILE_PX, width);
    for (let top = 0; top < height; top += TILE_PX) {
      const bottom = Math.min(top + TILE_PX, height);
      for (let y = top; y < bottom; y++) {
        const row = first + y * stride;
        for (let x = left; x < right; x++) byRow[row + x] = byColumn[x * height + y];
      }
    }
  }
}

/**
 * Whether a view shows this segment as part of its map.
 * @param {View} view
 * @param {Map<number, Category>} categories
 */
export function takesPart(view, categories) {
  return view === 'instance' ? () => true : (segment) => categories.has(segment.category_id);
}

/**
 * What each slot stands for: semantic the category id (−1 void); panoptic and instance a segment id (0 void), where
 * panoptic calls stuff and crowds of a category by the lowest segment id among them.
 * @param {View} view @param {Segment[]} segments @param {Map<number, Category>} categories
 * @returns {Int32Array} [segments + 1]
 */
export function slotIds(view, segments, categories) {
  const ids = new Int32Array(segments.length + 1);
  ids[0] = view === 'semantic' ? SEMANTIC_VOID : VOID;
  const idOf = {
    semantic: (segment) => (categories.has(segment.category_id) ? segment.category_id : SEMANTIC_VOID),
    instance: (segment) => segment.id,
    panoptic: panopticId(segments, categories),
  }[view];
  segments.forEach((segment, index) => (ids[index + 1] = idOf(segment)));
  return ids;
}

function panopticId(segments, categories) {
  const shared = new Map();
  const key = (segment) => `${segment.category_id} ${segment.crowd}`;
  for (const segment of segments) {
    const category = categories.get(segment.category_id);
    if (category && (!category.is_thing || segment.crowd)) {
      shared.set(key(segment), Math.min(segment.id, shared.get(key(segment)) ?? Infinity));
    }
  }
  return (segment) => (categories.has(segment.category_id) ? (shared.get(key(segment)) ?? segment.id) : VOID);
}

/**
 * What a view draws as one: between two of the same number is no line. Equal where `slotIds` are, but a number stays
 * when the server names the segment, or when others come and go.
 * @param {View} view
 * @param {Segment} segment
 * @param {number} slot its own, above 0; 0 is what nothing covers
 * @param {Map<number, Category>} categories
 */
export function joined(view, segment, slot, categories) {
  if (view === 'instance') return slot;
  const category = categories.get(segment.category_id);
  if (!category) return 0;
  const isOne = view === 'panoptic' && category.is_thing && !segment.crowd;
  return isOne ? slot : -1 - 2 * category.id - Number(view === 'panoptic' && segment.crowd);
}

/**
 * A view's ids, row by row, for tests and exports to compare with.
 * @param {View} view
 * @param {{segments: Segment[], width: number, height: number}} image
 * @param {Map<number, Category>} categories
 * @returns {{width: number, height: number, data: Int32Array}}
 */
export function viewMap(view, { segments, width, height }, categories) {
  const slots = topmost(segments, takesPart(view, categories), width, height);
  const ids = slotIds(view, segments, categories);
  const data = new Int32Array(slots.length);
  for (let i = 0; i < data.length; i++) data[i] = ids[slots[i]];
  return { width, height, data };
}
