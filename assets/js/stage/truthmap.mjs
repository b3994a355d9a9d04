/** The truth at the screen's resolution, and the views' pictures of it, each mended where it changed. */
import { around, wholeOf, withRim } from './boxes.mjs';
import { WHITE, palette, pixel } from './colours.mjs';
import { boxOnGrid } from './grid.mjs';
import { CASING, devicePixels } from './lines.mjs';
import { sameList } from './lists.mjs';
import { outline, recolour } from './recolour.mjs';
import { createStack } from './stack.mjs';
import { seenSegments } from '../truth/pick.mjs';
import { joined, takesPart } from '../truth/views.mjs';

/**
 * @typedef {import('../masks/masks.mjs').Box} Box @typedef {import('./grid.mjs').Grid} Grid
 * @typedef {{base: Uint32Array, hatch: Uint32Array, edge: Uint32Array, ids: Int32Array, leftOut: Uint8Array}} Tables
 *   by slot: the palette, what each stands for, and 1 for what the view leaves out
 */

// Stripes of the hatch, in CSS pixels.
const STRIPE_PX = 8;
const LEFT_OUT = { line: pixel(WHITE, 1), casing: CASING };

/** @param {(mask: object, grid: Grid) => import('../masks/masks.mjs').Mask} sample */
export function createTruthMap(sample) {
  const stack = createStack(sample);
  const pictures = new Map();

  function take(segments, grid) {
    const box = stack.take(segments, grid);
    for (const picture of pictures.values()) picture.stale = around([picture.stale, box]);
  }

  /** Of another grid or look nothing can be kept but the room. */
  function pictureOf(view, grid, look) {
    const known = pictures.get(view);
    if (known?.grid === grid && sameList(known.look, look)) return known;
    const { width, height } = grid;
    const fits = known?.image.width === width && known.image.height === height;
    const image = fits ? known.image : new ImageData(width, height);
    const pixels = new Uint32Array(image.data.buffer);
    const made = { image, pixels, grid, look, tables: null, stale: wholeOf(grid) };
    pictures.set(view, made);
    return made;
  }

  function paint(picture, tables, ratio, box) {
    const { pixels, grid } = picture;
    const edge = devicePixels(1, ratio);
    const lines = { width: grid.width, stripe: Math.round(STRIPE_PX * ratio), edge, origin: grid.origin };
    recolour(pixels, stack.slots, tables.ids, tables, lines, box);
    // What a view leaves out looks like void; its border says that it is there.
    if (tables.leftOut.includes(1)) outline(pixels, stack.slots, tables.leftOut, { ...lines, ...LEFT_OUT }, box);
  }

  return {
    /**
     * @param {import('../truth/state.mjs').State} state
     * @param {Grid} grid of some pixels
     * @param {number} ratio device pixels a CSS pixel
     * @returns {{image: ImageData, box: Box | null}} of the grid's size, and where it is another than it was the last
     *   time for this view
     */
    picture(state, grid, ratio) {
      const segments = seenSegments(state);
      take(segments, grid);
      const tables = tablesOf(state, segments, stack);
      const { base, hatch, ids } = tables;
      const picture = pictureOf(state.view, grid, [ratio, state.outlines, base[0], hatch[0], ids[0]]);
      const isOther = ({ mask }) => differ(picture.tables, tables, stack.slotOf(mask));
      const others = picture.tables ? segments.filter(isOther) : [];
      const stale = around([picture.stale, ...others.map(({ bbox }) => boxOnGrid(bbox, grid))]);
      // A pixel's colour depends on those beside it.
      const box = withRim(stale, devicePixels(1, ratio), grid);
      if (box) paint(picture, tables, ratio, box);
      Object.assign(picture, { tables, stale: null });
      return { image: picture.image, box };
    },
    /** Whether a segment of those painted is the topmost at a pixel of the grid. */
    isOnTop: ({ mask }, at) => stack.slots[at] === stack.slotOf(mask),
  };
}

/** @returns {Tables} */
function tablesOf(state, segments, { size, slotOf }) {
  const { view, categories, outlines } = state;
  const colours = palette(view, segments, categories, state);
  const keep = takesPart(view, categories);
  const [base, hatch, edge] = ['base', 'hatch', 'edge'].map((name) => {
    const table = new Uint32Array(size);
    table[0] = colours[name][0];
    return table;
  });
  const [ids, leftOut] = [new Int32Array(size), new Uint8Array(size)];
  segments.forEach((segment, index) => {
    const slot = slotOf(segment.mask);
    base[slot] = colours.base[index + 1];
    hatch[slot] = colours.hatch[index + 1];
    edge[slot] = colours.edge[index + 1];
    ids[slot] = joined(view, segment, slot, categories);
    leftOut[slot] = Number(outlines && !keep(segment));
  });
  return { base, hatch, edge, ids, leftOut };
}

function differ(before, after, slot) {
  return Object.keys(after).some((name) => before[name][slot] !== after[name][slot]);
}
