/** The truth of a view as a picture of the photo's size, kept until the truth or the look changes. */
import { palette } from './colours.mjs';
import { shownSegments } from './pick.mjs';
import { slotIds, takesPart, topmost } from './views.mjs';

export function createTruthMap() {
  const slotCache = new Map();
  const pictures = new Map();

  function slotsFor(state, segments) {
    const { width, height } = state.image;
    const keep = takesPart(state.view, state.categories);
    const parts = [width, height, ...segments.flatMap((segment) => [keep(segment), segment.counts])];
    const group = state.view === 'instance' ? 'all' : 'labelled';
    const cached = slotCache.get(group);
    if (cached && sameList(cached.parts, parts)) return cached.slots;
    const slots = topmost(segments, keep, width, height);
    slotCache.set(group, { parts, slots });
    return slots;
  }

  /**
   * @param {import('./state.mjs').State} state with an image
   * @returns {HTMLCanvasElement} width × height of the photo
   */
  return function picture(state) {
    const segments = shownSegments(state);
    const slots = slotsFor(state, segments);
    const colours = palette(state.view, segments, state.categories, state.opacity);
    const ids = slotIds(state.view, segments, state.categories);
    const cached = pictures.get(state.view);
    const look = [slots, ...colours.base, ...colours.hatch, ...ids];
    if (cached && sameList(cached.look, look)) return cached.canvas;
    const canvas = cached?.canvas ?? document.createElement('canvas');
    const { width, height } = state.image;
    if (canvas.width !== width || canvas.height !== height) Object.assign(canvas, { width, height });
    const pixels = new ImageData(width, height);
    colourIn(new Uint32Array(pixels.data.buffer), slots, ids, colours, width);
    canvas.getContext('2d').putImageData(pixels, 0, 0);
    pictures.set(state.view, { look, canvas });
    return canvas;
  };
}

function sameList(a, b) {
  return a.length === b.length && a.every((value, index) => value === b[index]);
}

// Stripes of the hatch, in photo pixels: about a hundred across the photo, none thinner than this.
const STRIPE_PX = 4;
const STRIPES = 100;

function colourIn(pixels, slots, ids, { base, hatch, edge }, width) {
  const stripe = Math.max(STRIPE_PX, Math.round(width / STRIPES));
  const striped = Uint8Array.from({ length: width + slots.length / width }, (_, at) => Math.floor(at / stripe) & 1);
  const last = slots.length - width;
  for (let i = 0, x = 0, y = 0; i < slots.length; i++) {
    const slot = slots[i];
    const right = x + 1 < width ? slots[i + 1] : slot;
    const below = i < last ? slots[i + width] : slot;
    if (ids[slot] !== ids[right]) pixels[i] = edge[slot || right];
    else if (ids[slot] !== ids[below]) pixels[i] = edge[slot || below];
    else pixels[i] = striped[x + y] === 0 ? base[slot] : hatch[slot];
    if (++x === width) [x, y] = [0, y + 1];
  }
}
