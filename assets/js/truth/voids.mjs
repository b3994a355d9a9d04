/** What of the photo is not labelled yet, and which proposal fits there. */
import { complement, difference, fullMask, intersection, sharedArea, union } from '../masks/algebra.mjs';
import { keptWithMask, keptWithMasks } from '../masks/kept.mjs';
import { area, bbox } from '../masks/masks.mjs';
import { components } from '../masks/regions.mjs';

/**
 * @typedef {import('../masks/masks.mjs').Mask} Mask @typedef {import('./items.mjs').Item} Item
 * @typedef {import('./items.mjs').OpenImage} OpenImage @typedef {import('./state.mjs').State} State
 */

// A proposal that shares less with a region, of what either covers, is no answer to it unless it covers most of it.
const LEAST_IOU = 0.25;
const MOST_OF_IT = 0.5;
// Of a proposal, pieces below this share of the photo are left out where they are not in the region: gaps of a pixel
// between segments would come back as islands.
const LEAST_PIECE_SHARE = 0.0005;

const unionOf = keptWithMasks(union);
const complementOf = keptWithMask(complement);
const areaOf = keptWithMask(area);
// Pixels that touch at a corner alone do not join two regions: they would grow to a net over the whole photo.
const partsOf = keptWithMask((mask) => components(mask, 4));

/**
 * What the semantic and the panoptic view leave void: no segment, or an unlabelled one, is on top there.
 * @param {OpenImage} image
 * @param {Map<number, import('./views.mjs').Category>} categories
 * @returns {Mask}
 */
export function voidMask({ segments, height, width }, categories) {
  let covered = null;
  for (let from = 0, to; from < segments.length; from = to) {
    const isLabelled = ({ category_id: id }) => categories.has(id);
    const labelled = isLabelled(segments[from]);
    to = from + 1;
    while (to < segments.length && isLabelled(segments[to]) === labelled) to++;
    const group = unionOf(segments.slice(from, to).map(({ mask }) => mask));
    if (covered === null) covered = labelled ? group : null;
    else covered = labelled ? union([covered, group]) : difference(covered, group);
  }
  return covered ? complementOf(covered) : fullMask(height, width);
}

/** What no segment covers, with or without a label. @param {OpenImage} image @returns {Mask} */
export function bareMask({ segments, height, width }) {
  return segments.length > 0 ? complementOf(unionOf(segments.map(({ mask }) => mask))) : fullMask(height, width);
}

/** The connected parts of what no segment covers, largest first. @param {OpenImage} image @returns {Mask[]} */
export function bareRegions(image) {
  return partsOf(bareMask(image));
}

/**
 * How much is void, and the largest region that no segment covers.
 * @param {State} state with an image
 * @returns {{pixels: number, share: number, largest: {mask: Mask, box: import('../masks/masks.mjs').Box} | null}}
 *   `share` is of the photo, 0 … 1
 */
export function voidShare({ image, categories }) {
  const pixels = areaOf(voidMask(image, categories));
  const [mask] = bareRegions(image);
  return { pixels, share: pixels / (image.width * image.height), largest: mask ? { mask, box: bbox(mask) } : null };
}

/** @param {{share: number, pixels: number}} found @returns {string} for people, such as "3.1 % unlabelled" */
export function voidText({ share, pixels }) {
  return pixels === 0 ? 'nothing unlabelled' : `${percent(share)} unlabelled`;
}

/** @param {number} share 0 … 1 @returns {string} */
export function percent(share) {
  if (share > 0 && share < 0.001) return '< 0.1 %';
  // Nearly all is not all.
  return `${Math.min((100 * share).toFixed(1), share < 1 ? 99.9 : 100)} %`;
}

/**
 * The proposal, among all that are not accepted, that fits a region best, with its pixels that no segment covers.
 * @param {OpenImage} image
 * @param {Mask} region of `bareRegions`
 * @returns {{proposal: Item, mask: Mask, covers: number} | null} `covers` is the region's share it fills, 0 … 1
 */
export function bestFill(image, region) {
  const size = area(region);
  const fits = image.proposals
    .filter(({ decision }) => decision !== 'accepted')
    .map((proposal) => {
      const shared = sharedArea(proposal.mask, region);
      return { proposal, covers: shared / size, iou: shared / (proposal.area + size - shared) };
    });
  const by = (name) => fits.reduce((best, one) => (one[name] > (best?.[name] ?? 0) ? one : best), null);
  const [closest, widest] = [by('iou'), by('covers')];
  const found = closest?.iou >= LEAST_IOU ? closest : widest?.covers >= MOST_OF_IT ? widest : null;
  return found && { proposal: found.proposal, mask: cutTo(image, region, found.proposal.mask), covers: found.covers };
}

function cutTo(image, region, mask) {
  const least = LEAST_PIECE_SHARE * image.width * image.height;
  const others = difference(intersection(mask, bareMask(image)), region);
  const pieces = components(others).filter((piece) => area(piece) >= least);
  return union([intersection(mask, region), ...pieces]);
}
