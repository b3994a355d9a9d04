/** Six stacked canvases: the photo, its truth, the open proposals, the selection, what is pointed at, what is drawn. */
import { around, withRim } from './boxes.mjs';
import { BLACK, WHITE, pixel } from './colours.mjs';
import { drawCrosshair } from './crosshair.mjs';
import { boxOnGrid, createSampler, gridOf } from './grid.mjs';
import { covering, hiddenIn } from './hidden.mjs';
import { devicePixels, lineOf } from './lines.mjs';
import { sameList } from './lists.mjs';
import { namesOf } from './names.mjs';
import { drawPhoto } from './photo.mjs';
import { createProposalMap } from './proposalmap.mjs';
import { createSheet } from './sheet.mjs';
import { border, fill, surfaceOf } from './surface.mjs';
import { createTruthMap } from './truthmap.mjs';
import { seenProposals, seenSegments } from '../truth/pick.mjs';

export const LAYERS = ['photo', 'truth', 'proposals', 'highlight', 'hover', 'draft'];
export const MASK_LAYERS = ['truth', 'proposals', 'highlight', 'hover'];

const SELECTED = [255, 214, 10];
const TINT = 0.2;
// In CSS pixels.
const SELECTED_PX = 2.5;
const HOVERED_PX = 1.5;
const DOTS_PX = 4;

/** @param {Record<string, HTMLCanvasElement>} canvases by the names of LAYERS */
export function createPainter(canvases) {
  const contexts = Object.fromEntries(LAYERS.map((name) => [name, canvases[name].getContext('2d')]));
  const sheets = { truth: createSheet(contexts.truth), proposals: createSheet(contexts.proposals) };
  const sample = createSampler();
  const truthMap = createTruthMap(sample);
  const proposalMap = createProposalMap(sample);
  // Where something is emphasised, and what.
  const drawn = { highlight: { box: null, of: [] }, hover: { box: null, of: [] } };
  let ratio = 1;
  let larger = 1;
  let viewport = null;
  let grid = null;

  function cleared(name) {
    const context = contexts[name];
    context.setTransform(1, 0, 0, 1, 0, 0);
    context.clearRect(0, 0, context.canvas.width, context.canvas.height);
    return context;
  }

  /** Clears what the layer showed, and draws on the boxes of these items alone. `of`: all that they look like is of. */
  function emphasise(name, items, of, draw) {
    const context = contexts[name];
    if (sameList(drawn[name].of, of)) return;
    if (drawn[name].box) context.clearRect(...drawn[name].box);
    drawn[name] = { box: null, of };
    if (!grid || items.length === 0) return;
    const rim = devicePixels(SELECTED_PX, ratio) + 1;
    const box = withRim(around(items.map(({ bbox }) => boxOnGrid(bbox, grid))), rim, grid);
    if (box === null) return;
    const { surface, image } = surfaceOf(box);
    for (const item of items) draw(surface, item);
    const { left, top, width, height } = surface;
    context.putImageData(image, grid.left + left, grid.top + top);
    drawn[name].box = [grid.left + left, grid.top + top, width, height];
  }

  function emphasis(surface, item, colour, width) {
    const mask = sample(item.mask, grid);
    fill(surface, mask, pixel(colour, TINT));
    border(surface, mask, grid.goesOn, lineOf(colour, width, ratio, grid.origin));
  }

  const place = () => ({ left: grid.left, top: grid.top, ratio, larger });

  return {
    /** @param {{width: number, height: number}} device pixels @param {number} pixelRatio device pixels a CSS pixel */
    resize({ width, height }, pixelRatio) {
      ratio = pixelRatio;
      larger = Number(getComputedStyle(canvases.truth).getPropertyValue('--larger')) || 1;
      for (const name of LAYERS) Object.assign(canvases[name], { width, height });
      for (const sheet of Object.values(sheets)) sheet.forget();
      for (const name of Object.keys(drawn)) drawn[name] = { box: null, of: [] };
    },

    /** The layers of masks are painted for this viewport from now on. */
    place(state, next) {
      viewport = next;
      for (const name of Object.keys(drawn)) emphasise(name, [], []);
      for (const sheet of Object.values(sheets)) sheet.forget();
      const shown = state.image && gridOf(viewport, ratio, state.image, canvases.truth);
      grid = shown && shown.width > 0 && shown.height > 0 ? shown : null;
    },

    /** @param {import('./viewport.mjs').Viewport} at */
    photo(state, at) {
      const context = cleared('photo');
      if (state.photo) drawPhoto(context, state, at, ratio);
    },

    truth(state) {
      if (!grid || !state.masksShown) {
        sheets.truth.clear();
        return;
      }
      const picture = truthMap.picture(state, grid, ratio);
      const names = namesOf(contexts.truth, seenSegments(state), state, viewport, larger, isOnTop);
      sheets.truth.show(picture, place(), names);
    },

    /** Makes the picture of a view that is not shown, so that it is there when that view is chosen. */
    prepareTruth(state, view) {
      if (grid && state.masksShown && view !== state.view) truthMap.picture({ ...state, view }, grid, ratio);
    },

    proposals(state) {
      const best = seenProposals(state);
      if (grid && best.length > 0) sheets.proposals.show(proposalMap.picture(state, best, grid, ratio), place());
      else sheets.proposals.clear();
    },

    /** @param {{mask: import('../masks/masks.mjs').Mask, bbox: import('../masks/masks.mjs').Box}[]} selected */
    highlight(state, selected) {
      const of = selected.flatMap((item) => [item.mask, ...covering(state, item).map(({ mask }) => mask)]);
      emphasise('highlight', selected, of, (surface, item) => {
        emphasis(surface, item, SELECTED, SELECTED_PX);
        const hidden = hiddenIn(state, item, (mask) => sample(mask, grid));
        if (hidden) fill(surface, hidden, pixel(BLACK, 0.8), 2 * devicePixels(DOTS_PX / 2, ratio));
      });
    },

    /** @param {import('../truth/items.mjs').Item | null} item */
    hover(item) {
      const items = item ? [item] : [];
      emphasise('hover', items, items.map(({ mask }) => mask), (surface) => emphasis(surface, item, WHITE, HOVERED_PX));
    },

    /** What the tool has begun, and the crosshair. @param {import('./pointer.mjs').Tool | null} tool */
    draft(state, at, tool) {
      const context = cleared('draft');
      if (!state.image) return;
      context.setTransform(ratio, 0, 0, ratio, 0, 0);
      context.save();
      tool?.draw?.(context, at);
      context.restore();
      if (state.crosshair) drawCrosshair(context, state.crosshair, at);
    },
  };

  /** Whether of the truth this segment is seen at a point of the stage in CSS pixels. */
  function isOnTop(segment, x, y) {
    const [column, row] = [Math.floor(x * ratio) - grid.left, Math.floor(y * ratio) - grid.top];
    const inside = column >= 0 && row >= 0 && column < grid.width && row < grid.height;
    return inside && truthMap.isOnTop(segment, row * grid.width + column);
  }
}
