/**
 * What is probably not meant in an image's truth, before somebody calls it done. Nothing of it is an error: "done" is
 * the person's to decide.
 * @typedef {import('./state.mjs').State} State @typedef {import('./items.mjs').Item} Item
 * @typedef {import('../masks/masks.mjs').Mask} Mask
 * @typedef {'hidden' | 'overlap' | 'nameless' | 'island' | 'hole' | 'void'} Kind
 *
 * @typedef {object} Problem
 * @property {string} id stays with the problem as long as it is there
 * @property {Kind} kind
 * @property {string[]} keys of the segments it is about; of an overlap the lower one, then the one on top
 * @property {import('../masks/masks.mjs').Box} box where to look
 * @property {number} pixels
 * @property {string} text for people
 * @property {() => Mask} region its pixels
 */
import { intersection, sharedArea, union } from '../masks/algebra.mjs';
import { keptWithMask } from '../masks/kept.mjs';
import { area, bbox } from '../masks/masks.mjs';
import { components, holes } from '../masks/regions.mjs';
import { above, commonBox, isHidden, overlap } from './overlaps.mjs';
import { nameOf } from './pick.mjs';
import { bareMask, bareRegions, percent } from './voids.mjs';

// A part or hole is a slip of the hand when it is below both: of the photo, and of its own segment.
const SLIP_PHOTO_SHARE = 0.0005;
const SLIP_SEGMENT_SHARE = 0.05;
// Less than this of the smaller of two segments is a border drawn a little wide.
const OVERLAP_SHARE = 0.1;
// Two masks that share this much of what either covers are one thing labelled twice.
const TWICE_IOU = 0.8;
// Gaps smaller than this share of the photo count in the share that is unlabelled, but are not called one by one; nor
// are more than the largest few, on a photo where only things are labelled.
const VOID_SHARE = 0.001;
const MOST_VOIDS = 5;

const measured = (mask) => ({ mask, pixels: area(mask) });
const slipsOf = keptWithMask((mask) => ({
  islands: components(mask).slice(1).map(measured),
  holes: holes(mask).map(measured),
}));

/**
 * All problems, those that spoil a data set first.
 * @param {State} state
 * @returns {Problem[]}
 */
export function problems(state) {
  const looking = look(state);
  for (;;) {
    const { done, value } = looking.next();
    if (done) return value;
  }
}

/**
 * The same in small steps, for idle moments: what is found out about a mask is kept with it.
 * @param {State} state
 * @returns {Generator<void, Problem[]>}
 */
export function* look(state) {
  if (!state.image) return [];
  const { segments } = state.image;
  for (const { mask } of segments) {
    if (slipsOf.has(mask)) continue;
    slipsOf(mask);
    yield;
  }
  const found = [];
  for (const segment of segments) {
    found.push(...overlaps(state, segment));
    yield;
  }
  for (const segment of segments) found.push(...nameless(state, segment), ...slips(state, segment));
  if (segments.length > 0) found.push(...voids(state));
  return found.sort((a, b) => KINDS.indexOf(a.kind) - KINDS.indexOf(b.kind));
}

const KINDS = ['hidden', 'overlap', 'nameless', 'island', 'hole', 'void'];

/** Below how many pixels a part or a hole of a segment is a slip. @param {State} state @param {Item} item */
export function slipLimit({ image }, item) {
  return Math.min(SLIP_PHOTO_SHARE * image.width * image.height, SLIP_SEGMENT_SHARE * item.area);
}

/** Whether two segments look like one thing labelled twice. @param {Item} a @param {Item} b */
export function isTwice(a, b) {
  const both = overlap(a, b);
  return both >= TWICE_IOU * (a.area + b.area - both);
}

function overlaps(state, lower) {
  const over = above(state.image.segments, lower);
  if (isHidden(lower, over)) return [hidden(state, lower, over)];
  return over.filter((upper) => isOverlap(state, lower, upper)).map((upper) => overlapping(state, lower, upper));
}

/** A segment on a larger one of stuff, as a car on a road, is how labels are made; so is stuff on its like. */
function isOverlap({ categories }, lower, upper) {
  if (overlap(lower, upper) < OVERLAP_SHARE * Math.min(lower.area, upper.area)) return false;
  const below = categories.get(lower.category_id);
  if (!below || (below.is_thing && !lower.crowd)) return true;
  return lower.area <= upper.area && lower.category_id !== upper.category_id;
}

function hidden(state, lower, over) {
  const twin = over.find((upper) => isTwice(lower, upper));
  const [name, other] = [nameOf(state, lower), nameOf(state, twin ?? over.at(-1))];
  const text = twin ? `${name} lies whole under ${other}, nearly the same` : `${name} is hidden whole under ${other}`;
  return problem('hidden', [lower, twin ?? over.at(-1)], () => lower.mask, lower.area, text, lower.bbox);
}

function overlapping(state, lower, upper) {
  const both = () => intersection(lower.mask, upper.mask);
  const pixels = overlap(lower, upper);
  const text = `${nameOf(state, upper)} over ${nameOf(state, lower)}: ${counted(pixels, 'pixel')} of both`;
  return problem('overlap', [lower, upper], both, pixels, text, commonBox(lower.bbox, upper.bbox));
}

function nameless(state, item) {
  if (state.categories.has(item.category_id)) return [];
  const text = `A segment of ${counted(item.area, 'pixel')} has no label`;
  return [problem('nameless', [item], () => item.mask, item.area, text, item.bbox)];
}

function slips(state, item) {
  const limit = slipLimit(state, item);
  const found = slipsOf(item.mask);
  const small = (parts) => parts.filter(({ pixels }) => pixels < limit);
  const bare = bareMask(state.image);
  // A hole in which something else lies is meant.
  const open = small(found.holes).filter(({ mask, pixels }) => 2 * sharedArea(mask, bare) > pixels);
  return [...slip(state, item, 'island', small(found.islands)), ...slip(state, item, 'hole', open)];
}

/** All of a segment's islands are one problem; so are its holes. @param {ReturnType<typeof measured>[]} parts */
function slip(state, item, kind, parts) {
  if (parts.length === 0) return [];
  const pixels = parts.reduce((sum, part) => sum + part.pixels, 0);
  const text = `${nameOf(state, item)}: ${counted(parts.length, kind)}, ${counted(pixels, 'pixel')}`;
  return [problem(kind, [item], () => union(parts.map(({ mask }) => mask)), pixels, text, bbox(parts[0].mask))];
}

function voids(state) {
  const size = state.image.width * state.image.height;
  const large = bareRegions(state.image).slice(0, MOST_VOIDS).filter((region) => area(region) >= VOID_SHARE * size);
  return large.map((region) => {
    const pixels = area(region);
    const text = `Nothing labelled: ${percent(pixels / size)} of the photo`;
    return problem('void', [], () => region, pixels, text, bbox(region), `${region.starts[0]}`);
  });
}

function problem(kind, items, region, pixels, text, box, place = '') {
  const keys = items.map(({ key }) => key);
  return { id: `${kind} ${keys.join(' ')}${place}`, kind, keys, box, pixels, text, region };
}

/** @param {number} count @param {string} what in the singular */
export function counted(count, what) {
  return count === 1 ? `one ${what}` : `${count.toLocaleString('en')} ${what}s`;
}
