/** What an action is when it is made, and the correction that the server gets for it. */
import { encodeMask } from '../masks/masks.mjs';

/**
 * @typedef {import('../masks/masks.mjs').Mask} Mask
 * @typedef {{size: [number, number], counts: string}} WireMask height and width, COCO's compressed run lengths
 * @typedef {object} Wish
 * @property {number[]} [proposals]
 * @property {number[]} [segments]
 * @property {number | null} [categoryId]
 * @property {boolean} [toTop]
 * @property {boolean} [done]
 * @property {Mask | null} [mask]
 * @property {Mask[] | null} [masks]
 * @property {boolean} [crowd] what is drawn
 * @property {string | null} [comment]
 */

/** How many segments an action makes that were not there. @param {string} operation @param {Wish} wish */
export function makes(operation, { proposals = [], masks = null }) {
  switch (operation) {
    case 'accept':
    case 'relabel':
      return proposals.length;
    case 'merge':
      return 1;
    case 'draw':
      return masks?.length ?? 1;
    case 'edit':
    case 'fill':
      return proposals.length;
    case 'slice':
    case 'split':
      // The largest part of a segment stays that segment.
      return proposals.length > 0 ? masks.length : masks.length - 1;
    default:
      return 0;
  }
}

/**
 * An action without its image and its provisional ids, as it can be stored: masks as the wire has them.
 * @param {string} operation
 * @param {Wish} wish
 */
export function actionOf(operation, wish) {
  const { proposals = [], segments = [], categoryId = null, toTop = true, done = true } = wish;
  const { mask = null, masks = null, crowd = false, comment = null } = wish;
  const own = { mask: mask && wireMask(mask), masks: masks?.map(wireMask) ?? null, crowd, comment };
  return { operation, proposals, segments, categoryId, toTop, done, ...own };
}

/** @param {Mask} mask @returns {WireMask} */
export function wireMask(mask) {
  return { size: [mask.height, mask.width], counts: encodeMask(mask) };
}

/**
 * The body of the correction; what an action has not is left out.
 * @param {import('./keeper.mjs').Entry} entry
 * @param {number[]} segments by the server's ids
 */
export function bodyOf({ workspace, user, client, seq, base, action }, segments) {
  const body = {
    workspace,
    user,
    client,
    seq,
    base_revision: base,
    operation: action.operation,
    proposals: action.proposals,
    segments,
    category_id: action.categoryId,
    to_top: action.toTop,
    done: action.done,
    threshold: action.threshold,
    shown_s: action.shownS,
  };
  if (action.crowd) body.crowd = true;
  for (const name of ['mask', 'masks', 'comment']) if (action[name] !== null) body[name] = action[name];
  return body;
}
