/**
 * Which of a stack of masks lies on top at each pixel of a grid, mended where the stack changes: a mask keeps its slot
 * as long as it is in the stack, so that where others come, go or pass one another only their boxes are looked at.
 * @typedef {import('../masks/masks.mjs').Mask} Mask @typedef {import('../masks/masks.mjs').Box} Box
 * @typedef {import('./grid.mjs').Grid} Grid
 * @typedef {{mask: Mask, bbox: Box}} Part both of the photo's size
 */
import { firstEndingAfter } from '../masks/algebra.mjs';
import { boxesMeet } from '../truth/overlaps.mjs';
import { transpose } from '../truth/views.mjs';
import { around, wholeOf } from './boxes.mjs';
import { boxOnGrid } from './grid.mjs';
import { changed } from './lists.mjs';

/** @param {(mask: Mask, grid: Grid) => Mask} sample */
export function createStack(sample) {
  let grid = null;
  /** @type {Map<Mask, Box>} from the bottom to the top */
  let boxes = new Map();
  let numbers = new Map();
  let slots = new Uint16Array(0);

  /** Slots of those that stay, and the lowest free ones. @param {Mask[]} masks */
  function numbered(masks) {
    const next = new Map();
    for (const mask of masks) if (numbers.has(mask)) next.set(mask, numbers.get(mask));
    const taken = new Set(next.values());
    let free = 1;
    for (const mask of masks) {
      if (next.has(mask)) continue;
      while (taken.has(free)) free++;
      next.set(mask, free++);
    }
    return next;
  }

  function mend(box) {
    const [left, top, width, height] = box;
    const byColumn = new Uint16Array(width * height);
    for (const [mask, bbox] of boxes) {
      if (boxesMeet(boxOnGrid(bbox, grid), box)) cover(byColumn, sample(mask, grid), numbers.get(mask), box);
    }
    transpose(byColumn, width, height, slots, grid.width, top * grid.width + left);
  }

  return {
    /**
     * The stack is this one from now on.
     * @param {Part[]} parts from the bottom to the top, fewer than 65,536; of those of one mask the topmost counts
     * @param {Grid} on of some pixels
     * @returns {Box | null} the part of the grid in which slots may be others than before
     */
    take(parts, on) {
      const before = boxes;
      boxes = new Map();
      for (const { mask, bbox } of parts) {
        boxes.delete(mask);
        boxes.set(mask, bbox);
      }
      const isOther = grid !== on;
      if (isOther) [grid, numbers, slots] = [on, new Map(), sized(slots, on)];
      numbers = numbered([...boxes.keys()]);
      const moved = isOther ? [] : changed([...before.keys()], [...boxes.keys()]);
      const movedBoxes = moved.map((mask) => boxOnGrid(boxes.get(mask) ?? before.get(mask), on));
      const box = isOther ? wholeOf(on) : around(movedBoxes);
      if (box) mend(box);
      return box;
    },
    /** The slot at each pixel, row by row; 0: none. */
    get slots() {
      return slots;
    },
    /** How many slots there may be, with that for none. */
    get size() {
      return Math.max(0, ...numbers.values()) + 1;
    },
    /** @param {Mask} mask of the stack */
    slotOf: (mask) => numbers.get(mask),
  };
}

function sized(slots, { width, height }) {
  return slots.length === width * height ? slots : new Uint16Array(width * height);
}

/** Fills what of the mask lies in the box, which is held column by column. */
function cover(byColumn, { starts, ends, height: tall }, slot, [left, top, width, height]) {
  const last = (left + width) * tall;
  for (let i = firstEndingAfter(ends, left * tall); i < starts.length && starts[i] < last; i++) {
    const end = Math.min(ends[i], last);
    for (let start = Math.max(starts[i], left * tall), next; start < end; start = next) {
      const column = Math.floor(start / tall);
      next = Math.min(end, (column + 1) * tall);
      const from = Math.max(start - column * tall - top, 0);
      const to = Math.min(next - column * tall - top, height);
      if (from < to) byColumn.fill(slot, (column - left) * height + from, (column - left) * height + to);
    }
  }
}
