/** The box: drag from corner to corner, or click both corner pixels. */
import { boxMask } from '../masks/algebra.mjs';
import { lookOf, pathThrough, placed, strokeLine, writeBeside } from './sketch.mjs';

// Above the box, where no hand covers them.
const WORDS_PX = 32;

/**
 * The box whose opposite corners are two pixels, both inside, cut to the photo.
 * @param {{x: number, y: number}} a @param {{x: number, y: number}} b
 * @param {{width: number, height: number}} photo
 * @returns {import('../masks/masks.mjs').Box} of no width or height when it lies outside
 */
function boxBetween(a, b, { width, height }) {
  const [left, right] = ends(a.x, b.x, width);
  const [top, bottom] = ends(a.y, b.y, height);
  return [left, top, right - left, bottom - top];
}

function ends(from, to, side) {
  const [low, high] = [Math.floor(Math.min(from, to)), Math.floor(Math.max(from, to)) + 1];
  const [first, last] = [Math.max(0, low), Math.min(side, high)];
  return [first, Math.max(first, last)];
}

/** @param {{store: any, session: any, target: any, repaint: () => void}} parts @returns {import('./tools.mjs').Tool} */
export function createBox({ store, session, target, repaint }) {
  let draft = null;

  function reach(point) {
    draft = { ...draft, to: point };
    repaint();
  }

  function finish() {
    const { image } = store.state;
    const { from, to, subtracts, on } = draft;
    drop();
    target.finish(on, boxMask(boxBetween(from, to, image), image.height, image.width), { subtracts });
  }

  function drop() {
    draft = null;
    repaint();
  }

  const spans = ({ from, to }) => Math.floor(from.x) !== Math.floor(to.x) || Math.floor(from.y) !== Math.floor(to.y);

  return {
    name: 'box',
    cursor: 'crosshair',
    hint: 'Box: drag from corner to corner, or click both corners. Alt takes away.',
    down(point) {
      if (draft) return;
      const on = target.begin();
      if (on) draft = { from: point, to: point, subtracts: point.alt !== store.state.subtracts, on, dragged: false };
    },
    move(points) {
      if (!draft) return;
      reach(points.at(-1));
      draft.dragged ||= spans(draft);
    },
    up(point) {
      if (!draft) return;
      reach(point);
      if (draft.dragged || draft.clicked) finish();
      else {
        draft.clicked = true;
        session.say('Now click the opposite corner.');
      }
    },
    hover(point) {
      if (draft && point) reach(point);
    },
    confirm() {
      if (!draft) return false;
      finish();
      return true;
    },
    busy: () => draft !== null,
    awaits: () => draft !== null && !draft.clicked,
    cancel: drop,
    unfinished: () => draft && { ...draft, clicked: true },
    resume(left) {
      draft = left;
      repaint();
    },
    draw(context, viewport) {
      if (!draft) return;
      const [x, y, width, height] = boxBetween(draft.from, draft.to, store.state.image);
      const corners = [
        [x, y],
        [x + width, y],
        [x + width, y + height],
        [x, y + height],
      ];
      const path = pathThrough(viewport, corners, { closed: true });
      const look = lookOf(draft.subtracts);
      context.fillStyle = look.fill;
      context.fill(path);
      strokeLine(context, path, look);
      const [stageX, stageY] = placed(viewport, [x, y]);
      writeBeside(context, `${width} × ${height} px`, [stageX - 8, Math.max(stageY - WORDS_PX, 0)]);
    },
  };
}
