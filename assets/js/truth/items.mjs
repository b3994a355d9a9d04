/**
 * Segments and proposals as the page holds them: the wire's fields, the decoded mask, and a key of their own.
 * @typedef {object} Item
 * @property {string} key "s12" or "p34"
 * @property {'segment' | 'proposal'} kind
 * @property {number} id negative for a segment that the server has not named yet
 * @property {number | null} category_id
 * @property {number} area
 * @property {import('../masks/masks.mjs').Box} bbox
 * @property {string} counts
 * @property {import('../masks/masks.mjs').Mask} mask
 * @property {number} [hue] segments: picks the colour; the id, or the id that the server is about to give
 * @property {number} [order] segments
 * @property {number[]} [proposals] segments: the ids of the proposals it is made of
 * @property {string} [source] segments: 'proposal', 'merged', 'drawn' or 'imported'
 * @property {boolean} [crowd] segments
 * @property {'undecided' | 'accepted' | 'rejected' | 'deferred'} [decision] proposals
 * @property {number} [score] proposals
 * @property {[string, number][]} [class_scores] proposals
 *
 * @typedef {object} OpenImage with the wire's other fields
 * @property {number} id
 * @property {number} width pixels
 * @property {number} height pixels
 * @property {number} revision
 * @property {'new' | 'in_work' | 'done' | 'approved' | 'sent_back' | 'skipped' | 'deleted'} state
 * @property {boolean} done done or approved
 * @property {{user: string | null, text: string, at: string | null} | null} remark why it was sent back; user and time
 *   are null until the server has said
 * @property {Item[]} segments from the bottom to the top
 * @property {Item[]} proposals best first
 */
import { decodeMask } from '../masks/masks.mjs';

/** @param {object} image as it came over the wire @returns {OpenImage} */
export function openImage(image) {
  return {
    ...image,
    segments: image.segments.map((segment) => segmentItem(segment, image)),
    proposals: image.proposals.map((proposal) => ({
      ...proposal,
      key: `p${proposal.id}`,
      kind: 'proposal',
      mask: maskOf(proposal, image),
    })),
  };
}

/**
 * @param {object} segment as it came over the wire
 * @param {{width: number, height: number}} image
 * @param {Map<string, import('../masks/masks.mjs').Mask>} [known] masks by their counts: what is worked out for a mask
 *   is kept with it, so one that is there already is taken again
 * @returns {Item}
 */
export function segmentItem(segment, image, known = new Map()) {
  const mask = known.get(segment.counts) ?? maskOf(segment, image);
  return { ...segment, key: `s${segment.id}`, kind: 'segment', hue: segment.id, mask };
}

const masks = new WeakMap();

/**
 * The mask of what came over the wire, decoded once.
 * @param {{counts: string}} item
 * @param {{width: number, height: number}} image
 * @returns {import('../masks/masks.mjs').Mask}
 */
export function maskOf(item, { width, height }) {
  if (!masks.has(item)) masks.set(item, decodeMask(item.counts, height, width));
  return masks.get(item);
}

/** @param {OpenImage | null} image @param {string} key @returns {Item | undefined} */
export function findItem(image, key) {
  const items = key[0] === 's' ? image?.segments : image?.proposals;
  return items?.find((item) => item.key === key);
}
