/**
 * Segments and proposals as the page holds them: the wire's fields, the decoded mask, and a key of their own.
 * @typedef {object} Item
 * @property {string} key "s12" or "p34"
 * @property {'segment' | 'proposal'} kind
 * @property {number} id negative for a segment that the server has not named yet
 * @property {number | null} category_id
 * @property {number} area
 * @property {import('./masks.mjs').Box} bbox
 * @property {string} counts
 * @property {import('./masks.mjs').Mask} mask
 * @property {number} [hue] segments: picks the colour; the id, or the id that the server is about to give
 * @property {number} [order] segments
 * @property {boolean} [crowd] segments
 * @property {'undecided' | 'accepted' | 'rejected' | 'deferred'} [decision] proposals
 * @property {number} [score] proposals
 * @property {[string, number][]} [class_scores] proposals
 *
 * @typedef {{id: number, width: number, height: number, revision: number, done: boolean, segments: Item[],
 *   proposals: Item[]}} OpenImage with the wire's other fields
 */
import { decodeMask } from './masks.mjs';

/** @param {object} image as it came over the wire @returns {OpenImage} */
export function openImage(image) {
  return {
    ...image,
    segments: image.segments.map((segment) => segmentItem(segment, image)),
    proposals: image.proposals.map((proposal) => ({
      ...proposal,
      key: `p${proposal.id}`,
      kind: 'proposal',
      mask: decodeMask(proposal.counts, image.height, image.width),
    })),
  };
}

/** @param {object} segment as it came over the wire @param {{width: number, height: number}} image @returns {Item} */
export function segmentItem(segment, { width, height }) {
  const mask = decodeMask(segment.counts, height, width);
  return { ...segment, key: `s${segment.id}`, kind: 'segment', hue: segment.id, mask };
}

/** @param {OpenImage | null} image @param {string} key @returns {Item | undefined} */
export function findItem(image, key) {
  const items = key[0] === 's' ? image?.segments : image?.proposals;
  return items?.find((item) => item.key === key);
}
