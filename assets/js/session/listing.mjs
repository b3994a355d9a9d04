/**
 * The part of the list of photos that the film strip shows: photos around the open one, more at either end when they
 * are asked for. The list is the server's; a photo is told apart by its id.
 * @typedef {{id: number, file_name: string, state: string, thumbnail_url: string, left?: boolean}} Summary `left`: it
 *   passes the filter no more, and is shown as long as it is open
 * @typedef {{state?: string, category_id?: number, text?: string, tag?: string, order?: 'added' | 'name'}} Filter
 * @typedef {{images: Summary[], matching: number, total: number, done: number, more: {before: boolean,
 *   after: boolean}}} Listing
 */

import { STATES } from '../truth/states.mjs';

export const PAGE = 40;
export const MOST_SEARCHED = 200;
const UNLABELLED = -1;

/** @type {Listing} */
export const EMPTY_LISTING = { images: [], matching: 0, total: 0, done: 0, more: { before: false, after: false } };

/**
 * @param {{images: (query: object) => Promise<any>}} api
 * @param {(listing: Listing) => void} show
 */
export function createListing(api, show) {
  let listing = EMPTY_LISTING;
  let wanted = 0;
  const busy = { before: false, after: false };

  function put(next) {
    listing = next;
    show(listing);
  }

  /** The photos around `id`, or the first ones; the later of two calls wins. */
  async function around(id, filter) {
    const asked = ++wanted;
    const page = await api.images({ ...filter, ...(id === null ? {} : { around: id }), limit: PAGE });
    if (asked !== wanted) return;
    const { images, matching, total, done } = page;
    put({ images, matching, total, done, more: moreOf(page) });
  }

  /** One page more at an end, where there is one. @param {'before' | 'after'} end */
  async function extend(end, filter) {
    if (!listing.more[end] || busy[end] || listing.images.length === 0) return;
    const asked = wanted;
    busy[end] = true;
    try {
      const edge = end === 'before' ? listing.images[0] : listing.images.at(-1);
      const page = await api.images({ ...filter, [end]: edge.id, limit: PAGE });
      if (asked === wanted) put(joined(listing, page, end));
    } finally {
      busy[end] = false;
    }
  }

  /** Takes in how the open photo is now. @param {import('../truth/items.mjs').OpenImage} image @param {Filter} filter */
  function note(image, filter) {
    const next = withImage(listing, image, filter);
    if (next !== listing) put(next);
  }

  /** Lets go of photos that the filter let go of, now that another one is open. @param {number} openId */
  function tidy(openId) {
    const images = listing.images.filter(({ id, left }) => !left || id === openId);
    if (images.length < listing.images.length) put({ ...listing, images });
  }

  return { around, extend, note, tidy, holds: (id) => listing.images.some((image) => image.id === id) };
}

/**
 * The listing with a photo of it as it is now, in its frame and in all numbers.
 * @param {Listing} listing @param {{id: number, state: string, segments: {category_id: number | null}[]}} image
 * @param {Filter} filter @returns {Listing} the same one where nothing of it changed
 */
export function withImage(listing, image, filter) {
  const known = listing.images.find(({ id }) => id === image.id);
  if (!known) return listing;
  const [wasLeft, left] = [known.left ?? false, !passes(image, filter)];
  if (known.state === image.state && wasLeft === left) return listing;
  const step = (isSo) => Number(isSo(image.state)) - Number(isSo(known.state));
  return {
    ...listing,
    matching: listing.matching - Number(left) + Number(wasLeft),
    total: listing.total - step((state) => state === 'deleted'),
    done: listing.done + step((state) => state === 'done' || state === 'approved'),
    images: listing.images.map((one) => (one === known ? { ...one, state: image.state, left } : one)),
  };
}

function passes({ state, segments }, filter) {
  if (filter.state ? state !== filter.state : state === 'deleted') return false;
  const wanted = filter.category_id;
  return wanted === undefined || segments.some(({ category_id: id }) => (id ?? UNLABELLED) === wanted);
}

/**
 * What of a filter that was kept in a browser can still be asked: it may be of another version or of another label set.
 * @param {unknown} kept @param {Map<number, unknown>} categories @returns {Filter}
 */
export function usableFilter(kept, categories) {
  const { state, category_id: category, text, order } = kept ?? {};
  const filter = {};
  if (order === 'name') filter.order = order;
  if (typeof state === 'string' && Object.hasOwn(STATES, state)) filter.state = state;
  if (category === UNLABELLED || categories.has(category)) filter.category_id = category;
  if (typeof text === 'string' && text !== '' && text.length <= MOST_SEARCHED) filter.text = text;
  return filter;
}

/** @param {Listing} listing @param {any} page the wire's @param {'before' | 'after'} end */
export function joined(listing, page, end) {
  const images = end === 'before' ? [...page.images, ...listing.images] : [...listing.images, ...page.images];
  return { ...listing, images, more: { ...listing.more, [end]: moreOf(page)[end] } };
}

function moreOf({ next_before: before, next_after: after }) {
  return { before: before != null, after: after != null };
}
