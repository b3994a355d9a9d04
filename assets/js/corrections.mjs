/**
 * What a correction does to an image: at once on the page, and then what the server's answer says of it.
 *
 * An action that makes segments carries `created`, provisional negative ids: one for each of its proposals, or one
 * for a merge. Later actions may name them; the answer says which ids they became.
 * @typedef {object} Action
 * @property {number} imageId
 * @property {string} operation
 * @property {number[]} proposals
 * @property {number[]} segments
 * @property {number[]} created
 * @property {number | null} categoryId
 * @property {boolean} toTop
 * @property {boolean} done
 */
import { segmentItem } from './items.mjs';
import { area, bbox, encodeMask, union } from './masks.mjs';

/**
 * The image as it will be when the server agrees. Undo, redo and what cannot be told ahead change nothing.
 * @param {import('./items.mjs').OpenImage} image
 * @param {Action} action
 * @returns {import('./items.mjs').OpenImage}
 */
export function applyAhead(image, action) {
  return AHEAD[action.operation]?.(image, action) ?? image;
}

const AHEAD = {
  accept: (image, action) => accepted(image, action, (proposal) => proposal.category_id),
  reject: (image, action) => decided(image, action.proposals, 'rejected'),
  defer: (image, action) => decided(image, action.proposals, 'deferred'),
  relabel: (image, action) => accepted(relabelled(image, action), action, () => action.categoryId),
  merge: merged,
  delete: (image, action) => ({ ...image, segments: without(image.segments, action.segments) }),
  reorder: reordered,
  done: (image, action) => ({ ...image, done: action.done }),
};

function without(segments, ids) {
  return segments.filter((segment) => !ids.includes(segment.id));
}

function decided(image, ids, decision) {
  const proposals = image.proposals.map((proposal) =>
    ids.includes(proposal.id) && proposal.decision !== 'accepted' ? { ...proposal, decision } : proposal,
  );
  return { ...image, proposals };
}

function accepted(image, action, label) {
  const chosen = image.proposals
    .filter((proposal) => action.proposals.includes(proposal.id) && proposal.decision !== 'accepted')
    // The server's order too: larger ones below smaller ones, so that none hides another whole.
    .sort((a, b) => b.area - a.area || a.id - b.id);
  const [top, hue] = [topOrder(image), topHue(image)];
  const segments = chosen.map((proposal, index) => {
    const id = action.created[action.proposals.indexOf(proposal.id)];
    return newSegment(id, hue + index + 1, proposal, label(proposal), top + index + 1, 'proposal');
  });
  return { ...decided(image, action.proposals, 'accepted'), segments: [...image.segments, ...segments] };
}

function newSegment(id, hue, { mask, counts, area, bbox }, categoryId, order, source) {
  const shape = { mask, counts, area, bbox };
  return { ...shape, id, hue, key: `s${id}`, kind: 'segment', category_id: categoryId, order, crowd: false, source };
}

function relabelled(image, action) {
  const segments = image.segments.map((segment) =>
    action.segments.includes(segment.id) ? { ...segment, category_id: action.categoryId } : segment,
  );
  return { ...image, segments };
}

function merged(image, action) {
  const parts = [
    ...action.segments.map((id) => image.segments.find((segment) => segment.id === id)),
    ...action.proposals.map((id) => image.proposals.find((proposal) => proposal.id === id)),
  ].filter(Boolean);
  if (parts.length < 2) return image;
  const mask = union(parts.map((part) => part.mask));
  const whole = { mask, counts: encodeMask(mask), area: area(mask), bbox: bbox(mask) };
  const categoryId = [action.categoryId, ...parts.map((part) => part.category_id)].find((id) => id != null) ?? null;
  const orders = parts.filter((part) => part.kind === 'segment').map((part) => part.order);
  const order = orders.length > 0 ? Math.max(...orders) : topOrder(image) + 1;
  const segment = newSegment(action.created[0], topHue(image) + 1, whole, categoryId, order, 'merged');
  segment.crowd = parts.some((part) => part.crowd);
  const segments = inOrder([...without(image.segments, action.segments), segment]);
  return { ...decided(image, action.proposals, 'accepted'), segments };
}

function reordered(image, action) {
  const moved = image.segments.filter((segment) => action.segments.includes(segment.id));
  if (moved.length === 0) return image;
  const bottom = Math.min(...image.segments.map((segment) => segment.order));
  const first = action.toTop ? topOrder(image) + 1 : bottom - moved.length;
  const orders = new Map(moved.map((segment, index) => [segment.id, first + index]));
  const segments = image.segments.map((segment) =>
    orders.has(segment.id) ? { ...segment, order: orders.get(segment.id) } : segment,
  );
  return { ...image, segments: inOrder(segments) };
}

function topOrder(image) {
  return image.segments.length > 0 ? Math.max(...image.segments.map((segment) => segment.order)) : 0;
}

function topHue(image) {
  return Math.max(0, ...image.segments.map((segment) => segment.hue));
}

function inOrder(segments) {
  return [...segments].sort((a, b) => a.order - b.order || a.id - b.id);
}

/**
 * The image after the server's 200; an answer that is no newer than the image changes nothing.
 * @param {import('./items.mjs').OpenImage} image
 * @param {object} answer
 * @returns {import('./items.mjs').OpenImage}
 */
export function applyAnswer(image, answer) {
  if (answer.revision <= image.revision) return image;
  const news = answer.segments.map((segment) => segmentItem(segment, image));
  const gone = [...answer.removed, ...news.map((segment) => segment.id)];
  const proposals = image.proposals.map((proposal) => {
    const decision = answer.decisions[proposal.id];
    return decision ? { ...proposal, decision } : proposal;
  });
  const { revision, done, can_undo, can_redo } = answer;
  const segments = inOrder([...without(image.segments, gone), ...news]);
  return { ...image, revision, done, can_undo, can_redo, segments, proposals };
}

/**
 * Which ids the action's provisional segments became.
 * @param {Action} action
 * @param {object} answer
 * @returns {Map<number, number>}
 */
export function namedBy(action, answer) {
  const fresh = answer.segments.filter((segment) => !action.segments.includes(segment.id));
  if (action.operation === 'merge') return new Map([[action.created[0], fresh[0].id]]);
  const idOf = new Map(fresh.map((segment) => [segment.proposals[0], segment.id]));
  return new Map(action.created.map((id, index) => [id, idOf.get(action.proposals[index])]));
}
