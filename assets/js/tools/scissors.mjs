/** Scissors: a polygon whose lines follow edges between the clicks; with Shift a line is straight. */
import { MOST_CORNERS, cornerAt, snapped } from './corners.mjs';
import { polygon } from '../masks/shapes.mjs';
import { drawHandles, lookOf, pathThrough, strokeLine } from './sketch.mjs';
import { createQuestion } from './waiting.mjs';

/** @typedef {import('./corners.mjs').Corner} Corner */

const REACH_PX = 7;
const MEANWHILE = 'Following the edges… Escape throws the line away.';

/**
 * @param {{store: any, session: any, stage: () => any, target: any, repaint: () => void,
 *   assist: ReturnType<typeof import('../session/assist.mjs').createAssist>}} parts
 * @returns {import('./tools.mjs').Tool}
 */
export function createScissors({ store, session, stage, target, repaint, assist }) {
  const closing = createQuestion(session);
  const following = createQuestion(session);
  const scout = createScout(assist, () => repaint());
  let draft = null;

  function drop() {
    closing.drop();
    following.drop();
    scout.drop();
    draft?.given.abort();
    draft = null;
    repaint();
  }

  const lastCorner = () => draft.pieces.at(-1)?.to ?? draft.start;
  const straight = (from, to) => ({ from, to, line: [from, to], coming: null });

  /** A line along edges; straight until its answer is there, and for good where none comes. */
  function snapping(from, to) {
    const found = scout.take(from, to);
    if (found) return { ...straight(from, to), line: found };
    const piece = straight(from, to);
    piece.coming = assist.path(store.state.image.id, from, to, draft.given.signal).then(
      (line) => {
        Object.assign(piece, { line, coming: null });
        repaint();
      },
      (error) => {
        piece.coming = null;
        if (draft?.pieces.includes(piece)) session.say(`This line is straight: ${error.message}`, 'error');
      },
    );
    return piece;
  }

  const lineTo = (to, isStraight) => (isStraight ? straight : snapping)(lastCorner(), to);

  function place(point) {
    const corner = snapped(point, store.state.image);
    const far = corner[0] !== lastCorner()[0] || corner[1] !== lastCorner()[1];
    if (far) draft.pieces.push(lineTo(corner, point.shift));
    scout.drop();
    void following.put(() => settled(draft.pieces), { meanwhile: MEANWHILE, then: () => {} });
  }

  /** Back to the start, and then to the truth, once every line is there. */
  function close(isStraight) {
    if (draft.pieces.length < 2) {
      session.say('Set two points more, at least; Escape throws this away.');
      return;
    }
    draft.pieces.push(lineTo(draft.start, isStraight));
    draft.closed = true;
    scout.drop();
    repaint();
    following.drop();
    void closing.put(() => settled(draft.pieces), { meanwhile: MEANWHILE, then: finish });
  }

  function finish() {
    const { on, subtracts, pieces } = draft;
    const { height, width } = store.state.image;
    const corners = outlineOf(pieces);
    drop();
    if (corners.length > MOST_CORNERS) {
      session.say(`This line has ${corners.length.toLocaleString('en')} corners; at most ${MOST_CORNERS} are taken.`);
      return;
    }
    target.finish(on, polygon([corners.flat()], height, width), { subtracts });
  }

  return {
    name: 'scissors',
    cursor: 'crosshair',
    hint: 'Scissors: click along an edge, Shift for a straight line; Enter, a double click or the start closes. Alt takes away.',
    down(point) {
      if (draft?.closed) return;
      if (!draft) {
        const on = target.begin();
        const start = snapped(point, store.state.image);
        const given = new AbortController();
        if (on) draft = { on, start, pieces: [], given, subtracts: store.state.subtracts };
      } else {
        const ends = [draft.start, lastCorner()];
        const isEnd = cornerAt(ends, point, REACH_PX / stage().viewport.scale) >= 0;
        if (isEnd && draft.pieces.length > 0) close(point.shift);
        else place(point);
      }
      if (draft && point.alt) draft.subtracts = !store.state.subtracts;
      repaint();
    },
    hover(point) {
      if (!draft || draft.closed) return;
      draft.pointer = point && { corner: snapped(point, store.state.image), straight: point.shift };
      if (point && !point.shift) scout.look(store.state.image.id, lastCorner(), draft.pointer.corner);
      repaint();
    },
    confirm() {
      if (!draft || draft.closed) return false;
      close(false);
      return true;
    },
    back() {
      if (!draft || draft.closed) return false;
      draft.pieces.pop();
      repaint();
      return true;
    },
    cancel: drop,
    unfinished() {
      const pieces = draft.closed ? draft.pieces.slice(0, -1) : draft.pieces;
      return { ...draft, closed: false, pieces, cutOff: new Set(pieces.filter(({ coming }) => coming !== null)) };
    },
    resume({ cutOff, ...left }) {
      draft = { ...left, given: new AbortController() };
      draft.pieces = left.pieces.map((piece) => (cutOff.has(piece) ? snapping(piece.from, piece.to) : piece));
      repaint();
    },
    busy: () => draft !== null,
    awaits: () => draft?.closed === true,
    draw(context, viewport) {
      if (!draft) return;
      const look = lookOf(draft.subtracts);
      const { pointer } = draft;
      const ahead = pointer && !draft.closed ? scout.ahead(lastCorner(), pointer.corner, pointer.straight) : [];
      const line = [draft.start, ...outlineOf(draft.pieces), ...ahead];
      context.fillStyle = look.fill;
      context.fill(pathThrough(viewport, line), 'evenodd');
      strokeLine(context, pathThrough(viewport, line), look);
      const clicked = [draft.start, ...draft.pieces.map(({ to }) => to)];
      drawHandles(context, viewport, clicked, look, { firstCloses: draft.pieces.length > 1 });
    },
  };
}

/** The corners of the pieces one after the other, each but its first. @returns {Corner[]} */
function outlineOf(pieces) {
  return pieces.flatMap(({ line }) => line.slice(1));
}

/** Until every line is there, or none comes. */
const settled = (pieces) => Promise.all(pieces.map(({ coming }) => coming));

/** Looks ahead of the pointer: one question at a time, then about the place where the pointer is by then. */
function createScout(assist, onFound) {
  let found = null;
  let wanted = null;
  let asking = false;
  let given = new AbortController();

  const isOf = (one, from, to) => one !== null && same(one.from, from) && same(one.to, to);

  async function ask() {
    asking = true;
    while (wanted && !isOf(found, wanted.from, wanted.to)) {
      const { id, from, to } = wanted;
      const { signal } = given;
      // Without an answer the line ahead is straight; the click that follows asks again and tells.
      const line = await assist.path(id, from, to, signal).catch(() => [from, to]);
      if (signal.aborted) continue;
      found = { from, to, line };
      onFound();
    }
    asking = false;
  }

  return {
    look(id, from, to) {
      wanted = { id, from, to };
      if (!asking) void ask();
    },
    /** The line that was found between two corners. @returns {Corner[] | null} */
    take: (from, to) => (isOf(found, from, to) ? found.line : null),
    /** What to show: the newest line from there, on to where the pointer is. @returns {Corner[]} */
    ahead: (from, to, isStraight) =>
      isStraight || found === null || !same(found.from, from) ? [to] : [...found.line.slice(1), to],
    drop() {
      [found, wanted] = [null, null];
      given.abort();
      given = new AbortController();
    },
  };
}

const same = (a, b) => a[0] === b[0] && a[1] === b[1];
