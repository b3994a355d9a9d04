/** The polygon: corners by clicks, on pixel corners, so that its edges are exact. */
import { keyFor } from '../commands/bindings.mjs';
import { MOST_CORNERS, added, cornerAt, snapped } from './corners.mjs';
import { polygon } from '../masks/shapes.mjs';
import { drawHandles, lookOf, pathThrough, placed, strokeLine, writeBeside } from './sketch.mjs';

const REACH_PX = 7;
const SLOP_PX = 3;
const FEWEST = 3;

/**
 * @param {{store: any, session: any, stage: () => any, target: any, repaint: () => void}} parts
 * @returns {import('./tools.mjs').Tool}
 */
export function createPolygon({ store, session, stage, target, repaint }) {
  let draft = null;
  let press = null;
  let pointer = null;

  function drop() {
    [draft, press] = [null, null];
    repaint();
  }

  function close() {
    if (draft.corners.length < FEWEST) {
      session.say(`A polygon has ${FEWEST} corners or more: go on, or throw this one away with ${keyFor('escape')}.`);
      return;
    }
    const { corners, on, subtracts } = draft;
    const { height, width } = store.state.image;
    drop();
    target.finish(on, polygon([corners.flat()], height, width), { subtracts });
  }

  function place(point) {
    const corners = added(draft.corners, snapped(point, store.state.image));
    const full = corners === draft.corners && corners.length === MOST_CORNERS;
    if (full) session.say(`A polygon has at most ${MOST_CORNERS.toLocaleString('en')} corners; Enter closes it.`);
    draft.corners = corners;
    return corners.length - 1;
  }

  return {
    name: 'polygon',
    cursor: 'crosshair',
    hint: 'Polygon: click its corners; Enter, a double click or the first corner closes it. Alt takes away.',
    down(point) {
      if (!draft) {
        const on = target.begin();
        if (!on) return;
        draft = { on, corners: [], subtracts: store.state.subtracts };
      }
      if (point.alt) draft.subtracts = !store.state.subtracts;
      const found = cornerAt(draft.corners, point, REACH_PX / stage().viewport.scale);
      press = { from: point, index: found < 0 ? place(point) : found, held: found >= 0, moved: false };
      pointer = point;
      repaint();
    },
    move(points) {
      if (!press) return;
      pointer = points.at(-1);
      press.moved ||= Math.hypot(pointer.stageX - press.from.stageX, pointer.stageY - press.from.stageY) > SLOP_PX;
      if (press.moved) draft.corners = draft.corners.with(press.index, snapped(pointer, store.state.image));
      repaint();
    },
    up() {
      if (!press) return;
      const { index, held, moved } = press;
      press = null;
      const ends = index === 0 || index === draft.corners.length - 1;
      if (held && !moved && ends && draft.corners.length > 1) close();
    },
    hover(point) {
      pointer = point;
      if (draft) repaint();
    },
    confirm() {
      if (!draft) return false;
      close();
      return true;
    },
    back() {
      if (!draft) return false;
      draft.corners = draft.corners.slice(0, -1);
      if (draft.corners.length === 0) drop();
      repaint();
      return true;
    },
    cancel: drop,
    unfinished: () => draft,
    resume(left) {
      draft = left;
      repaint();
    },
    busy: () => draft !== null,
    draw(context, viewport) {
      if (!draft) return;
      const look = lookOf(draft.subtracts);
      const { corners } = draft;
      const ahead = pointer && !press ? [snapped(pointer, store.state.image)] : [];
      context.fillStyle = look.fill;
      context.fill(pathThrough(viewport, [...corners, ...ahead]), 'evenodd');
      strokeLine(context, pathThrough(viewport, [...corners, ...ahead]), look);
      drawHandles(context, viewport, corners, look, { firstCloses: corners.length >= FEWEST });
      if (ahead.length > 0) writeBeside(context, `${corners.length}`, placed(viewport, ahead[0]));
    },
  };
}
