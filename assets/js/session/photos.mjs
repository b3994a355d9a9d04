/**
 * Photos and their masks, fetched ahead: the next one is there before it is asked for.
 *
 * A large photo comes as a picture of the screen's size; all its pixels follow once somebody looks closer, for the open
 * photo alone. Bitmaps are closed as soon as nobody is about to see them, because a photo of 24 megapixels is 96 MB.
 */
import { maskOf } from '../truth/items.mjs';

/**
 * @typedef {import('../stage/photo.mjs').Photo} Photo
 * @typedef {{photo: Promise<Photo>, stop: () => void}} Loading `stop` gives up what has not come
 */

// Somebody else may correct the photo meanwhile; an older copy is fetched anew.
const FRESH_MS = 30_000;
// The server's sizes of previews.
const EDGES_PX = [1280, 1920, 2560];
// Whoever leafs through photos on a screen larger than all previews never waits for all pixels of each.
const SHARPEN_AFTER_MS = 300;
// About what a mask takes.
const LEAST_MS = 1;

/**
 * @param {ReturnType<typeof import('./api.mjs').createApi>} api
 * @param {ReturnType<typeof import('../truth/state.mjs').createStore>} store
 * @param {{decode?: (url: string, signal: AbortSignal) => Promise<ImageBitmap>, screen?: () => {width: number, height:
 *   number}}} [browser] `screen` in device pixels
 */
export function createPhotos(api, store, { decode = bitmapFrom, screen = windowSize } = {}) {
  /** @type {Map<string, Loading>} by the whole photo's address */
  const photos = new Map();
  let ahead = null;
  let asked = null;
  let opened = [];
  let openedAt = 0;
  /** @type {{photo: Photo, stop: () => void} | null} whose pixels are on their way */
  let sharpening = null;

  /**
   * The photo in the first size that is there. One that was asked for before and has not come is given up.
   * @param {object} image
   * @returns {Promise<Photo>} rejects with the reason
   */
  function load(image) {
    const former = asked;
    asked = image.photo_url;
    if (former !== asked && former !== ahead?.url) photos.get(former)?.stop();
    return first(image);
  }

  function first(image) {
    const url = image.photo_url;
    if (!photos.has(url)) photos.set(url, begin(url, (signal) => smallest(image, signal)));
    return photos.get(url).photo;
  }

  /** @param {(signal: AbortSignal) => Promise<Photo>} fetched @returns {Loading} */
  function begin(url, fetched) {
    const controller = new AbortController();
    const photo = fetched(controller.signal);
    const forget = () => {
      if (photos.get(url)?.photo === photo) photos.delete(url);
    };
    let stop = () => {
      forget();
      controller.abort();
    };
    photo.then(() => (stop = () => {}), forget);
    return { photo, stop: () => stop() };
  }

  async function smallest(image, signal) {
    const edge = edgeFor(image, screen());
    const preview = edge && (await decode(`${image.preview_url}&edge=${edge}`, signal).catch(() => null));
    if (preview) return { levels: [{ bitmap: preview, scale: preview.width / image.width }] };
    signal.throwIfAborted();
    try {
      return { levels: [{ bitmap: await decode(image.photo_url, signal), scale: 1 }] };
    } catch {
      signal.throwIfAborted();
      throw new Error(await api.whyNot(image.photo_url));
    }
  }

  /** The open photo is looked at more closely than its picture is sharp: all its pixels, unless it is left meanwhile. */
  async function sharpen() {
    const { image, photo } = store.state;
    if (!image || !photo || photo.levels.at(-1).scale === 1 || sharpening?.photo === photo) return;
    sharpening?.stop();
    const controller = new AbortController();
    sharpening = { photo, stop: () => controller.abort() };
    await pause(openedAt + SHARPEN_AFTER_MS - performance.now());
    if (store.state.photo !== photo) return;
    const bitmap = await decode(image.photo_url, controller.signal).catch(() => null);
    if (bitmap === null) return;
    if (store.state.photo !== photo) {
      bitmap.close();
      return;
    }
    const sharper = { levels: [...photo.levels, { bitmap, scale: 1 }] };
    photos.set(image.photo_url, there(sharper));
    store.dispatch({ type: 'set', values: { photo: sharper } });
  }

  /** Keeps the open photo, the one before, and those on their way; all pixels of the open one alone. */
  function tidy(openUrl) {
    if (opened.at(-1) !== openUrl) {
      opened = [...opened.slice(-1), openUrl];
      openedAt = performance.now();
      sharpening?.stop();
      sharpening = null;
    }
    for (const url of photos.keys()) {
      if (url === openUrl) continue;
      if (opened.includes(url) || url === asked || url === ahead?.url) keepSmall(url);
      else drop(url);
    }
  }

  function drop(url) {
    const loading = photos.get(url);
    photos.delete(url);
    loading?.stop();
    void loading?.photo.then(({ levels }) => close(levels), () => {});
  }

  function keepSmall(url) {
    void photos.get(url).photo.then(({ levels: [small, ...larger] }) => {
      close(larger);
      if (larger.length > 0) photos.set(url, there({ levels: [small] }));
    }, () => {});
  }

  /**
   * The open photo was painted: fetches what the photo with this id needs, and lets go of what nobody is about to see.
   * @param {number | null} id
   * @param {string} openUrl
   */
  async function lookAhead(id, openUrl) {
    tidy(openUrl);
    if (id == null || ahead?.id === id) return;
    const mine = { id, image: api.imageAhead(id), at: performance.now(), url: null };
    ahead = mine;
    try {
      const image = await mine.image;
      mine.url = image.photo_url;
      await first(image);
      await decodeMasks(image);
    } catch {
      if (ahead === mine) ahead = null; // opening it will say why
    }
  }

  /** What was fetched ahead for this id, once; null when there is none or it is too old. */
  function takeAhead(id) {
    const found = ahead?.id === id && performance.now() - ahead.at < FRESH_MS ? ahead.image : null;
    ahead = null;
    return found;
  }

  return { load, lookAhead, takeAhead, sharpen };
}

/** @param {Photo} photo @returns {Loading} */
function there(photo) {
  return { photo: Promise.resolve(photo), stop: () => {} };
}

function close(levels) {
  for (const { bitmap } of levels) bitmap.close();
}

/**
 * Which preview fills the screen with a photo; null where the photo itself is no larger.
 * @param {{width: number, height: number}} image
 * @param {{width: number, height: number}} screen in device pixels
 * @returns {number | null}
 */
export function edgeFor({ width, height }, screen) {
  const longer = Math.max(width, height);
  const seen = longer * Math.min(1, screen.width / width, screen.height / height);
  const edge = EDGES_PX.find((one) => one >= seen) ?? EDGES_PX.at(-1);
  return edge < longer ? edge : null;
}

/** Piece by piece, in the time that the page does not need. */
async function decodeMasks(image) {
  let deadline = await idle();
  for (const item of [...image.segments, ...image.proposals]) {
    if (deadline.timeRemaining() < LEAST_MS) deadline = await idle();
    maskOf(item, image);
  }
}

function idle() {
  if (globalThis.requestIdleCallback) return new Promise((resolve) => requestIdleCallback(resolve));
  return new Promise((resolve) => setTimeout(() => resolve({ timeRemaining: () => 5 }), 0));
}

function pause(ms) {
  return ms > 0 ? new Promise((resolve) => setTimeout(resolve, ms)) : undefined;
}

function windowSize() {
  return { width: innerWidth * devicePixelRatio, height: innerHeight * devicePixelRatio };
}

/** Decoded in another thread, in the colours that the masks were made on, whatever profile the file carries. */
async function bitmapFrom(url, signal) {
  const response = await fetch(url, { credentials: 'same-origin', signal });
  if (!response.ok) throw new Error(`the server answered ${response.status}`);
  return createImageBitmap(await response.blob(), { colorSpaceConversion: 'none' });
}
