/** Which masks there are to see, to point at, and to walk through: pure questions about the state. */
import { findItem } from './items.mjs';
import { contains } from '../masks/masks.mjs';

/** @typedef {import('./state.mjs').State} State @typedef {import('./items.mjs').Item} Item */

/**
 * Proposals at or above the threshold that nobody has decided for good, best first.
 * @param {State} state
 * @returns {Item[]}
 */
export function shownProposals(state) {
  if (!state.image || !state.masksShown) return [];
  return state.image.proposals.filter(
    ({ key, score, decision }) =>
      score >= state.threshold && (decision === 'undecided' || decision === 'deferred') && !state.hidden.has(key),
  );
}

/** @param {State} state @returns {Item[]} from the bottom to the top */
export function shownSegments(state) {
  if (!state.image || !state.masksShown) return [];
  return state.image.segments.filter(({ key }) => !state.hidden.has(key));
}

/** Whether a mask is hidden by hand, whatever the threshold shows. @param {State} state @param {string} key */
export function isHidden({ masksShown, hidden }, key) {
  return !masksShown || hidden.has(key);
}

/** What the stage paints: all that is shown, or of it the selection alone. @param {State} state @returns {Item[]} */
export function seenSegments(state) {
  return shownSegments(state).filter(isolation(state));
}

/** @param {State} state @returns {Item[]} the best first */
export function seenProposals(state) {
  return shownProposals(state).filter(isolation(state));
}

function isolation({ isolated, selection }) {
  return ({ key }) => !isolated || selection.length === 0 || selection.includes(key);
}

/** @param {State} state @returns {Item[]} */
export function undecided(state) {
  return shownProposals(state).filter(({ decision }) => decision === 'undecided');
}

/** The smallest mask in sight at a pixel. @param {State} state @returns {Item | null} */
export function pick(state, x, y) {
  return smallestFirst(at([...seenSegments(state), ...seenProposals(state)], x, y))[0] ?? null;
}

/**
 * All masks at a pixel: those in sight from small to large, then the others by score.
 * @param {State} state
 * @returns {Item[]}
 */
export function alternates(state, x, y) {
  if (!state.image) return [];
  const inSight = smallestFirst(at([...shownSegments(state), ...shownProposals(state)], x, y));
  const others = at(state.image.proposals, x, y).filter(
    ({ decision, key }) => decision !== 'accepted' && !isHidden(state, key) && !inSight.some((one) => one.key === key),
  );
  return [...inSight, ...others];
}

function at(items, x, y) {
  return items.filter(({ bbox, mask }) => {
    const inBox = x >= bbox[0] && y >= bbox[1] && x < bbox[0] + bbox[2] && y < bbox[1] + bbox[3];
    return inBox && contains(mask, x, y);
  });
}

function smallestFirst(items) {
  return [...items].sort((a, b) => a.area - b.area);
}

// Masks whose tops lie in the same eighth of the photo are read from left to right.
const READING_BANDS = 8;

/** The masks in sight as one reads a page: row by row. @param {State} state @returns {Item[]} */
export function readingOrder(state) {
  const band = ({ bbox }) => Math.floor((bbox[1] / state.image.height) * READING_BANDS);
  return [...shownSegments(state), ...shownProposals(state)].sort(
    (a, b) => band(a) - band(b) || a.bbox[0] - b.bbox[0] || a.bbox[1] - b.bbox[1],
  );
}

/**
 * The undecided proposal that follows in rank, starting over at the best.
 * @param {State} state
 * @param {number | null} afterId
 * @returns {Item | null}
 */
export function nextUndecided(state, afterId) {
  const ranks = new Map(state.image?.proposals.map(({ id }, rank) => [id, rank]));
  const open = undecided(state);
  const from = ranks.get(afterId) ?? -1;
  return open.find(({ id }) => ranks.get(id) > from) ?? open[0] ?? null;
}

/** The selected masks in the order of selection. @param {State} state @returns {Item[]} */
export function selected(state) {
  return state.selection.map((key) => findItem(state.image, key)).filter(Boolean);
}

/** Whether a mask is selected only because the page offers it as the next to decide. @param {State} state @param {Item} item */
export function isOffered(state, { kind, key }) {
  return state.offered && kind === 'proposal' && state.selection.includes(key);
}

// What the model calls a mask that it cannot name.
const NAMELESS = 'region';

/**
 * The name of a mask for people: its category, what the model calls it, or "unlabelled".
 * @param {State} state
 * @param {Item} item
 */
export function nameOf(state, item) {
  const category = state.categories.get(item.category_id);
  if (category) return category.name;
  return item.name && item.name !== NAMELESS ? item.name : 'unlabelled';
}
