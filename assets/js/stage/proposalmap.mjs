/** The open proposals at the screen's resolution: a tint, and a border in dashes, mended where they changed. */
import { around, wholeOf, withRim } from './boxes.mjs';
import { pixel, proposalColour } from './colours.mjs';
import { boxOnGrid } from './grid.mjs';
import { devicePixels, lineOf } from './lines.mjs';
import { changed } from './lists.mjs';
import { createStack } from './stack.mjs';
import { borderAgain, surfaceOf } from './surface.mjs';
import { boxesMeet } from '../truth/overlaps.mjs';

/**
 * @typedef {import('../masks/masks.mjs').Box} Box @typedef {import('./grid.mjs').Grid} Grid
 * @typedef {import('../truth/items.mjs').Item} Item
 */

const TINT = 0.1;
// Without outlines the tint alone says where a proposal is.
const BARE_TINT = 0.35;
// In CSS pixels.
const LINE_PX = 2;
const DASHES_PX = { undecided: { on: 6, period: 10 }, deferred: { on: 2, period: 6 } };

/** @param {(mask: object, grid: Grid) => import('../masks/masks.mjs').Mask} sample */
export function createProposalMap(sample) {
  const stack = createStack(sample);
  let canvas = null;
  /** @type {Map<import('../masks/masks.mjs').Mask, {bbox: Box, tint: number, line: object | null, look: string}>} */
  let shown = new Map();

  /** Where a border is drawn in other ways, or in another turn. */
  function redrawn(before, grid) {
    const known = ([mask, { look }]) => before.get(mask)?.look === look;
    const others = [...shown].filter((one) => !known(one)).map(([mask]) => mask);
    const masks = new Set([...changed([...before.keys()], [...shown.keys()]), ...others]);
    return around([...masks].map((mask) => boxOnGrid((shown.get(mask) ?? before.get(mask)).bbox, grid)));
  }

  function paint({ surface }, grid, rim, box) {
    const table = new Uint32Array(stack.size);
    for (const [mask, { tint }] of shown) table[stack.slotOf(mask)] = tint;
    colourSlots(surface, stack.slots, table, box);
    for (const [mask, { bbox, line }] of [...shown].reverse()) {
      const near = withRim(boxOnGrid(bbox, grid), rim, grid);
      if (line && near && boxesMeet(near, box)) borderAgain(surface, sample(mask, grid), grid.goesOn, line, box);
    }
  }

  return {
    /**
     * @param {import('../truth/state.mjs').State} state
     * @param {Item[]} best the proposals to be seen, the best first, each with a mask of its own
     * @param {Grid} grid of some pixels
     * @param {number} ratio device pixels a CSS pixel
     * @returns {import('./sheet.mjs').Picture} of the grid's size
     */
    picture(state, best, grid, ratio) {
      const before = shown;
      shown = new Map(best.map((proposal) => [proposal.mask, looksOf(proposal, state, grid, ratio)]));
      // The smallest at a pixel tints it.
      const moved = stack.take(best.toSorted((a, b) => b.area - a.area), grid);
      const fits = canvas?.surface.width === grid.width && canvas.surface.height === grid.height;
      if (!fits) canvas = surfaceOf(wholeOf(grid));
      const isOther = canvas.grid !== grid;
      canvas.grid = grid;
      // A border lies inside its mask, but comes out of a thin one.
      const rim = devicePixels(LINE_PX, ratio) + 1;
      const box = isOther ? wholeOf(grid) : withRim(around([moved, redrawn(before, grid)]), rim, grid);
      if (box) paint(canvas, grid, rim, box);
      return { image: canvas.image, box };
    },
  };
}

function looksOf({ bbox, decision, ...proposal }, { categories, palette, outlines }, grid, ratio) {
  const colour = proposalColour(proposal, categories, palette);
  const tint = pixel(colour, outlines ? TINT : BARE_TINT);
  const line = outlines ? lineOf(colour, LINE_PX, ratio, grid.origin, DASHES_PX[decision]) : null;
  return { bbox, tint, line, look: [tint, line?.pixel, line?.dashes.period, ratio].join() };
}

function colourSlots({ pixels, width: stride }, slots, table, [left, top, width, height]) {
  for (let y = top; y < top + height; y++) {
    for (let i = y * stride + left, end = i + width; i < end; i++) pixels[i] = table[slots[i]];
  }
}
