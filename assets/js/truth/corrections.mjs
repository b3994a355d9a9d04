/**
 * What a correction does to an image: at once on the page, and then what the server's answer says of it.
 *
 * An action that makes segments carries `created`, provisional negative ids: one for each proposal it accepts, one for
 * a merge, one for each mask it draws, and one for each part of a slice except the largest of a segment, which stays
 * that segment. Later actions may name them; the answer says which ids they became.
 * @typedef {object} Action
 * @property {number} imageId
 * @property {string} operation
 * @property {number[]} proposals
 * @property {number[]} segments
 * @property {number[]} created
 * @property {number | null} categoryId
 * @property {boolean} toTop
 * @property {boolean} done
 * @property {WireMask | null} [mask]
 * @property {WireMask[] | null} [masks]
 * @property {boolean} [crowd] what is drawn
 * @property {string | null} [comment]
 * @typedef {import('../session/actions.mjs').WireMask} WireMask
 */
import { segmentItem } from './items.mjs';
import { area, bbox, decodeMask, encodeMask } from '../masks/masks.mjs';
import { union } from '../masks/algebra.mjs';
import { keptWithMasks } from '../masks/kept.mjs';

/**
 * The image as it will be when the server agrees. Undo, redo and what cannot be told ahead change nothing.
 * @param {import('./items.mjs').OpenImage} image
 * @param {Action} action
 * @returns {import('./items.mjs').OpenImage}
 */
export function applyAhead(image, action) {
  const change = AHEAD[action.operation];
  if (!change) return image;
  return change(image.state === 'new' ? { ...image, state: 'in_work' } : image, action);
}

const AHEAD = {
  accept: (image, action) => accepted(image, action, (proposal) => proposal.category_id),
  reject: (image, action) => decided(image, action.proposals, 'rejected'),
  defer: (image, action) => decided(image, action.proposals, 'deferred'),
  relabel: (image, action) => accepted(relabelled(image, action), action, () => action.categoryId),
  merge: merged,
  delete: deleted,
  reorder: reordered,
  edit: edited,
  fill: edited,
  slice: sliced,
  split: sliced,
  draw: drawn,
  done: (image, action) => progressed(image, action.done ? 'done' : 'in_work'),
  approve: (image) => progressed(image, 'approved'),
  send_back: (image, { comment }) => progressed(image, 'sent_back', { user: null, text: comment, at: null }),
  skip: (image) => progressed(image, 'skipped'),
  delete_image: (image) => progressed(image, 'deleted'),
  reopen: (image) => progressed(image, 'in_work'),
};

function progressed(image, state, remark = null) {
  return { ...image, state, done: state === 'done' || state === 'approved', remark };
}

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
    return newSegment(id, hue + index + 1, shapeOf(proposal), fromProposal(proposal, label(proposal), top + index + 1));
  });
  return { ...decided(image, action.proposals, 'accepted'), segments: [...image.segments, ...segments] };
}

function fromProposal({ id }, categoryId, order) {
  return { category_id: categoryId, order, crowd: false, source: 'proposal', proposals: [id] };
}

/** @param {object} facts category_id, order, crowd, source and proposals */
function newSegment(id, hue, shape, { category_id, order, crowd, source, proposals }) {
  return { ...shape, id, hue, key: `s${id}`, kind: 'segment', category_id, order, crowd, source, proposals };
}

function shapeOf({ mask, counts, area, bbox }) {
  return { mask, counts, area, bbox };
}

function shapeOfMask(mask, counts = encodeMask(mask)) {
  return { mask, counts, area: area(mask), bbox: bbox(mask) };
}

// Waiting corrections are applied again with every change of the state.
const shapeOfUnion = keptWithMasks((masks) => shapeOfMask(union(masks)));
const decoded = new WeakMap();

/** The shape of a mask as an action holds it, worked out once. @param {WireMask} wire */
function shapeOfWire(wire) {
  if (!decoded.has(wire)) decoded.set(wire, shapeOfMask(decodeMask(wire.counts, ...wire.size), wire.counts));
  return decoded.get(wire);
}

function relabelled(image, action) {
  const segments = image.segments.map((segment) =>
    action.segments.includes(segment.id) ? { ...segment, category_id: action.categoryId } : segment,
  );
  return { ...image, segments };
}

function merged(image, action) {
  const parts = targets(image, action);
  if (parts.length < 2) return image;
  const shape = shapeOfUnion(parts.map((part) => part.mask));
  const orders = parts.filter((part) => part.kind === 'segment').map((part) => part.order);
  const segment = newSegment(action.created[0], topHue(image) + 1, shape, {
    category_id: [action.categoryId, ...parts.map((part) => part.category_id)].find((id) => id != null) ?? null,
    order: orders.length > 0 ? Math.max(...orders) : topOrder(image) + 1,
    crowd: parts.some((part) => part.crowd),
    source: 'merged',
    proposals: [...new Set(parts.flatMap((part) => (part.kind === 'segment' ? part.proposals : [part.id])))],
  });
  const segments = inOrder([...without(image.segments, action.segments), segment]);
  return { ...decided(image, action.proposals, 'accepted'), segments };
}

/** What an action names: its segments, then its proposals, as far as they are there. */
function targets(image, { segments, proposals }) {
  return [
    ...segments.map((id) => image.segments.find((segment) => segment.id === id)),
    ...proposals.map((id) => image.proposals.find((proposal) => proposal.id === id)),
  ].filter(Boolean);
}

/** A proposal that no segment is made of any more was wrong. */
function deleted(image, action) {
  const segments = without(image.segments, action.segments);
  const kept = new Set(segments.flatMap((segment) => segment.proposals));
  const gone = image.segments.filter((segment) => action.segments.includes(segment.id));
  const wrong = new Set(gone.flatMap((segment) => segment.proposals).filter((id) => !kept.has(id)));
  const proposals = image.proposals.map((proposal) =>
    wrong.has(proposal.id) ? { ...proposal, decision: 'rejected' } : proposal,
  );
  return { ...image, segments, proposals };
}

function reordered(image, action) {
  // Of equal ones the order of the selection counts.
  const moved = targets(image, { segments: action.segments, proposals: [] }).sort((a, b) => a.order - b.order);
  if (moved.length === 0) return image;
  const bottom = Math.min(...image.segments.map((segment) => segment.order));
  const first = action.toTop ? topOrder(image) + 1 : bottom - moved.length;
  const orders = new Map(moved.map((segment, index) => [segment.id, first + index]));
  const segments = image.segments.map((segment) =>
    orders.has(segment.id) ? { ...segment, order: orders.get(segment.id) } : segment,
  );
  return { ...image, segments: inOrder(segments) };
}

function edited(image, action) {
  const [target] = targets(image, action);
  if (!target) return image;
  const shape = shapeOfWire(action.mask);
  if (target.kind === 'segment') return replaced(image, target, [{ ...target, ...shape }]);
  return asSegments(image, target, [shape], action.created);
}

function sliced(image, action) {
  const [target] = targets(image, action);
  if (!target) return image;
  const shapes = action.masks.map(shapeOfWire);
  if (target.kind === 'proposal') return asSegments(image, target, shapes, action.created);
  const largest = shapes.reduce((best, shape) => (shape.area > best.area ? shape : best));
  const hue = topHue(image);
  const others = shapes
    .filter((shape) => shape !== largest)
    .map((shape, index) => newSegment(action.created[index], hue + index + 1, shape, target));
  return replaced(image, target, [{ ...target, ...largest }, ...others]);
}

function replaced(image, target, segments) {
  return { ...image, segments: inOrder([...without(image.segments, [target.id]), ...segments]) };
}

/** A proposal accepted with these shapes instead of its own; they share one order. */
function asSegments(image, proposal, shapes, created) {
  if (proposal.decision === 'accepted') return image;
  const [facts, hue] = [fromProposal(proposal, proposal.category_id, topOrder(image) + 1), topHue(image)];
  const segments = shapes.map((shape, index) => newSegment(created[index], hue + index + 1, shape, facts));
  return { ...decided(image, [proposal.id], 'accepted'), segments: [...image.segments, ...segments] };
}

function drawn(image, action) {
  const [top, hue] = [topOrder(image), topHue(image)];
  const segments = (action.masks ?? [action.mask]).map((wire, index) =>
    newSegment(action.created[index], hue + index + 1, shapeOfWire(wire), {
      category_id: action.categoryId,
      order: top + index + 1,
      crowd: action.crowd ?? false,
      source: 'drawn',
      proposals: [],
    }),
  );
  return { ...image, segments: [...image.segments, ...segments] };
}

function topOrder(image) {
  return image.segments.length > 0 ? Math.max(...image.segments.map((segment) => segment.order)) : 0;
}

function topHue(image) {
  return Math.max(0, ...image.segments.map((segment) => segment.hue));
}

/** By order; of equal ones by the id that the server has given or is about to give. */
function inOrder(segments) {
  return [...segments].sort((a, b) => a.order - b.order || a.hue - b.hue);
}

/**
 * The image after the server's 200; an answer that is no newer than the image changes nothing.
 * @param {import('./items.mjs').OpenImage} image
 * @param {object} answer
 * @param {import('./items.mjs').OpenImage} [ahead] the image as shown ahead: its masks are the answer's
 * @returns {import('./items.mjs').OpenImage}
 */
export function applyAnswer(image, answer, ahead = image) {
  if (answer.revision <= image.revision) return image;
  const items = [...image.proposals, ...image.segments, ...ahead.segments];
  const known = new Map(items.map(({ counts, mask }) => [counts, mask]));
  const news = answer.segments.map((segment) => segmentItem(segment, image, known));
  const gone = [...answer.removed, ...news.map((segment) => segment.id)];
  const proposals = image.proposals.map((proposal) => {
    const decision = answer.decisions[proposal.id];
    return decision ? { ...proposal, decision } : proposal;
  });
  const { revision, state, done, remark, can_undo, can_redo } = answer;
  const segments = inOrder([...without(image.segments, gone), ...news]);
  return { ...image, revision, state, done, remark, can_undo, can_redo, segments, proposals };
}

const ONE_EACH = new Set(['accept', 'relabel']);

/**
 * Which ids the action's provisional segments became.
 * @param {Action} action
 * @param {object} answer
 * @returns {Map<number, number>}
 */
export function namedBy(action, answer) {
  const fresh = answer.segments.filter((segment) => !action.segments.includes(segment.id));
  if (ONE_EACH.has(action.operation)) {
    const idOf = new Map(fresh.map((segment) => [segment.proposals[0], segment.id]));
    return new Map(action.created.map((id, index) => [id, idOf.get(action.proposals[index])]));
  }
  const ids = fresh.map(({ id }) => id).sort((a, b) => a - b);
  return new Map(action.created.map((id, index) => [id, ids[index]]));
}
