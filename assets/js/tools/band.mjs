/** The rubber band: a drag with the select tool selects what lies wholly inside; Shift adds to the selection. */
import { keyFor } from '../commands/bindings.mjs';
import { shownProposals, shownSegments } from '../truth/pick.mjs';
import { lookOf, pathThrough, strokeLine } from './sketch.mjs';

const LOOK = Object.freeze({ ...lookOf(false), line: '#fff', dashes: [4, 3] });

/** @typedef {{x: number, y: number}} Place */

/**
 * The masks in sight whose boxes lie wholly between two opposite corners.
 * @param {import('../truth/state.mjs').State} state @param {Place} a @param {Place} b
 * @returns {string[]} keys
 */
function keysBetween(state, a, b) {
  const [left, right] = [Math.min(a.x, b.x), Math.max(a.x, b.x)];
  const [top, bottom] = [Math.min(a.y, b.y), Math.max(a.y, b.y)];
  return [...shownSegments(state), ...shownProposals(state)]
    .filter(({ bbox: [x, y, width, height] }) => x >= left && y >= top && x + width <= right && y + height <= bottom)
    .map(({ key }) => key);
}

/** @param {{store: any, session: any, repaint: () => void}} parts @returns {import('./tools.mjs').Tool} */
export function createBand({ store, session, repaint }) {
  let ends = null;

  function drop() {
    ends = null;
    repaint();
  }

  return {
    name: 'band',
    cursor: 'crosshair',
    down: (point) => (ends = [point, point]),
    move(points) {
      if (ends) ends = [ends[0], points.at(-1)];
      repaint();
    },
    up(point) {
      if (!ends || !store.state.image) return;
      const found = keysBetween(store.state, ends[0], point);
      const keys = point.shift ? [...new Set([...store.state.selection, ...found])] : found;
      drop();
      store.dispatch({ type: 'select', keys });
      session.say(selectedText(found.length));
    },
    cancel: drop,
    busy: () => ends !== null,
    draw(context, viewport) {
      if (!ends) return;
      const [a, b] = ends;
      const corners = [
        [a.x, a.y],
        [b.x, a.y],
        [b.x, b.y],
        [a.x, b.y],
      ];
      strokeLine(context, pathThrough(viewport, corners, { closed: true }), LOOK);
    },
  };
}

function selectedText(count) {
  if (count === 0) return 'No mask lies wholly inside.';
  return count === 1
    ? 'One mask selected.'
    : `${count} masks selected: a label’s key labels them all, ${keyFor('merge')} merges them.`;
}
