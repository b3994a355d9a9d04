/** Four stacked canvases: the photo, its truth, the open proposals, and what is selected or pointed at. */
import { css, proposalColour } from './colours.mjs';
import { writeNames } from './names.mjs';
import { outline } from './outline.mjs';
import { shownProposals, shownSegments } from './pick.mjs';
import { createTruthMap } from './truthmap.mjs';
import { toStage } from './viewport.mjs';

export const LAYERS = ['photo', 'truth', 'proposals', 'highlight'];

const SELECTED = [255, 214, 10];
const WHITE = [255, 255, 255];
const CASING = 'rgb(0 0 0 / 0.65)';
const RIM_PX = 6;
const DASHES = { undecided: [6, 4], deferred: [1.5, 4] };

/** @param {Record<string, HTMLCanvasElement>} canvases by the names of LAYERS */
export function createPainter(canvases) {
  const contexts = Object.fromEntries(LAYERS.map((name) => [name, canvases[name].getContext('2d')]));
  const truthPicture = createTruthMap();
  let highlightBoxes = [];
  let ratio = 1;

  function cleared(name) {
    const context = contexts[name];
    context.setTransform(1, 0, 0, 1, 0, 0);
    context.clearRect(0, 0, context.canvas.width, context.canvas.height);
    return context;
  }

  /** Drawing then happens in photo pixels. */
  function placed(context, { scale, left, top }) {
    context.setTransform(ratio * scale, 0, 0, ratio * scale, ratio * left, ratio * top);
    return context;
  }

  function stroke(context, path, { scale }, width, colour, dashes = []) {
    context.lineWidth = width / scale;
    context.strokeStyle = colour;
    context.setLineDash(dashes.map((length) => length / scale));
    context.stroke(path);
  }

  function emphasise(context, viewport, item, colour, width) {
    const path = pathOf(item.mask);
    context.fillStyle = css(colour, 0.2);
    context.fill(path, 'evenodd');
    stroke(context, path, viewport, width + 2, CASING);
    stroke(context, path, viewport, width, css(colour));
  }

  return {
    /** @param {{width: number, height: number}} stage CSS pixels @param {number} pixelRatio */
    resize(stage, pixelRatio) {
      ratio = pixelRatio;
      for (const name of LAYERS) {
        canvases[name].width = Math.round(stage.width * ratio);
        canvases[name].height = Math.round(stage.height * ratio);
      }
      highlightBoxes = [];
    },

    photo(state, viewport) {
      const context = placed(cleared('photo'), viewport);
      if (!state.photo) return;
      context.imageSmoothingQuality = 'high';
      context.imageSmoothingEnabled = viewport.scale * ratio < 4;
      context.drawImage(state.photo, 0, 0, state.image.width, state.image.height);
    },

    truth(state, viewport) {
      const context = placed(cleared('truth'), viewport);
      if (!state.image || !state.masksShown) return;
      context.imageSmoothingEnabled = viewport.scale * ratio < 1;
      context.drawImage(truthPicture(state), 0, 0);
      // In the semantic and panoptic view an unlabelled segment is void; its border says that it is there.
      for (const segment of state.view === 'instance' ? [] : shownSegments(state)) {
        if (state.categories.has(segment.category_id)) continue;
        stroke(context, pathOf(segment.mask), viewport, 2.5, CASING);
        stroke(context, pathOf(segment.mask), viewport, 1, css(WHITE));
      }
      context.setTransform(ratio, 0, 0, ratio, 0, 0);
      writeNames(context, state, viewport);
    },

    /** Makes a view's picture ahead of its showing. */
    prepareTruth(state, view) {
      truthPicture({ ...state, view });
    },

    proposals(state, viewport) {
      const context = placed(cleared('proposals'), viewport);
      for (const proposal of shownProposals(state).toReversed()) {
        const path = pathOf(proposal.mask);
        const colour = proposalColour(proposal, state.categories);
        context.fillStyle = css(colour, 0.1);
        context.fill(path, 'evenodd');
        stroke(context, path, viewport, 3, 'rgb(0 0 0 / 0.5)');
        stroke(context, path, viewport, 2, css(colour), DASHES[proposal.decision]);
      }
    },

    /** Clears and paints only the boxes of what was and is highlighted. */
    highlight(selected, hovered, viewport) {
      const context = contexts.highlight;
      context.setTransform(ratio, 0, 0, ratio, 0, 0);
      for (const box of highlightBoxes) context.clearRect(...box);
      const items = hovered ? [...selected, hovered] : selected;
      highlightBoxes = items.map((item) => toStage(viewport, item.bbox, RIM_PX));
      placed(context, viewport);
      for (const item of selected) emphasise(context, viewport, item, SELECTED, 2.5);
      if (hovered) emphasise(context, viewport, hovered, WHITE, 1.5);
    },

    forgetHighlight() {
      cleared('highlight');
      highlightBoxes = [];
    },
  };
}

const paths = new WeakMap();

function pathOf(mask) {
  if (!paths.has(mask)) paths.set(mask, tracedPath(mask));
  return paths.get(mask);
}

function tracedPath(mask) {
  const path = new Path2D();
  for (const loop of outline(mask)) {
    path.moveTo(loop[0], loop[1]);
    for (let i = 2; i < loop.length; i += 2) path.lineTo(loop[i], loop[i + 1]);
    path.closePath();
  }
  return path;
}
