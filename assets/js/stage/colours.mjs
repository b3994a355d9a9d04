/** The colours of the views. */
import { takesPart } from '../truth/views.mjs';

/**
 * @typedef {[number, number, number]} Colour red, green, blue in 0..255
 * @typedef {{base: Uint32Array, hatch: Uint32Array, edge: Uint32Array}} Palette pixels [slots] as ImageData holds
 *   them; an edge of 0 is none
 */

/** The colour of what has no category. @type {Colour} */
export const GREY = [138, 144, 153];
/** @type {Colour} */
export const BLACK = [0, 0, 0];
/** @type {Colour} */
export const WHITE = [255, 255, 255];
const EDGE_ALPHA = 0.95;
const VOID_ALPHAS = [0.55, 0.3];
// Things of one category, told apart in the panoptic view: shares of white (above 0) or black to mix in.
const VARIATIONS = [0, 0.3, -0.25, 0.5, -0.42, 0.16, -0.12];

/** The colour of the index-th item of an endless list; the same list as core/annotation/labels.py. @returns {Colour} */
export function distinctColour(index) {
  const hue = (0.58 + index * 0.61803398875) % 1;
  return fromHls(hue, [0.55, 0.42, 0.66][index % 3], 0.72);
}

function fromHls(hue, lightness, saturation) {
  const high = lightness <= 0.5 ? lightness * (1 + saturation) : lightness + saturation - lightness * saturation;
  const low = 2 * lightness - high;
  const part = (turn) => {
    const at = ((turn % 1) + 1) % 1;
    if (at < 1 / 6) return low + (high - low) * at * 6;
    if (at < 1 / 2) return high;
    return at < 2 / 3 ? low + (high - low) * (2 / 3 - at) * 6 : low;
  };
  return [hue + 1 / 3, hue, hue - 1 / 3].map((turn) => Math.round(part(turn) * 255));
}

// M. Okabe and K. Ito, Color Universal Design (2008), without black, which no mask shows on a photo.
const SAFE = [
  [230, 159, 0],
  [86, 180, 233],
  [0, 158, 115],
  [240, 228, 66],
  [0, 114, 178],
  [213, 94, 0],
  [204, 121, 167],
];
// Past the seven their light and dark kin follow, which differ in brightness, then those of both.
const SAFE_SHARES = [0, 0.5, -0.4, 0.28, -0.2];

/** The index-th colour of an endless list that colour-blind people tell apart. @returns {Colour} */
export function safeColour(index) {
  const share = SAFE_SHARES[Math.floor(index / SAFE.length) % SAFE_SHARES.length];
  return mix(SAFE[index % SAFE.length], share > 0 ? WHITE : BLACK, Math.abs(share));
}

/**
 * The categories in the colours of a palette; their own are kept in `ownColour`.
 * @param {import('../truth/views.mjs').Category[]} categories in the label set's order
 * @param {'label' | 'safe'} palette their own colours, or safe ones by their place in the label set
 */
export function recoloured(categories, palette) {
  return categories.map((category, index) => {
    const ownColour = category.ownColour ?? category.colour;
    return { ...category, ownColour, colour: palette === 'safe' ? safeColour(index) : ownColour };
  });
}

/** @param {Colour} colour @param {Colour} other @param {number} share of the other, 0..1 @returns {Colour} */
export function mix(colour, other, share) {
  return colour.map((value, channel) => Math.round(value + (other[channel] - value) * share));
}

/** @param {Colour} colour */
export function css(colour, alpha = 1) {
  return `rgb(${colour.join(' ')} / ${alpha})`;
}

/**
 * The colour of a proposal: its category's, or one of its own.
 * @param {Map<number, any>} categories
 * @param {'label' | 'safe'} [chosen] the palette of those of its own
 * @returns {Colour}
 */
export function proposalColour(proposal, categories, chosen = 'label') {
  const ownColour = chosen === 'safe' ? safeColour : distinctColour;
  return categories.get(proposal.category_id)?.colour ?? ownColour(proposal.query);
}

/**
 * The colour of each segment in a view, and whether it is hatched: muted, without a category or no thing.
 * @param {import('../truth/views.mjs').View} view
 * @param {import('../truth/items.mjs').Item[]} segments
 * @param {Map<number, import('../truth/views.mjs').Category>} categories
 * @param {'label' | 'safe'} [chosen] the palette of single instances
 * @returns {{colour: Colour, hatched: boolean}[]}
 */
export function segmentColours(view, segments, categories, chosen = 'label') {
  const seen = new Map();
  const ownColour = chosen === 'safe' ? safeColour : distinctColour;
  return segments.map((segment) => {
    const category = categories.get(segment.category_id);
    if (!category) return { colour: GREY, hatched: true };
    if (view === 'semantic') return { colour: category.colour, hatched: false };
    if (view === 'instance') {
      if (category.is_thing && !segment.crowd) return { colour: ownColour(segment.hue), hatched: false };
      return { colour: mix(category.colour, GREY, 0.5), hatched: true };
    }
    if (!category.is_thing || segment.crowd) return { colour: category.colour, hatched: segment.crowd };
    const nth = seen.get(category.id) ?? 0;
    seen.set(category.id, nth + 1);
    const share = VARIATIONS[nth % VARIATIONS.length];
    return { colour: mix(category.colour, share > 0 ? WHITE : BLACK, Math.abs(share)), hatched: false };
  });
}

/**
 * The pixels that stand for each slot of a map of segments; what a view leaves out looks like void.
 * @param {import('../truth/views.mjs').View} view
 * @param {import('../truth/items.mjs').Item[]} segments
 * @param {Map<number, import('../truth/views.mjs').Category>} categories
 * @param {{opacity: number, outlines?: boolean, palette?: 'label' | 'safe'}} look opacity 0..1
 * @returns {Palette}
 */
export function palette(view, segments, categories, { opacity, outlines = true, palette: chosen = 'label' }) {
  const made = ['base', 'hatch', 'edge'].map(() => new Uint32Array(segments.length + 1));
  const [base, hatch, edge] = made;
  const [dark, light] = view === 'panoptic' ? VOID_ALPHAS : [0, 0];
  [base[0], hatch[0]] = [pixel(BLACK, dark * opacity), pixel(BLACK, light * opacity)];
  const keep = takesPart(view, categories);
  segmentColours(view, segments, categories, chosen).forEach(({ colour, hatched }, index) => {
    const slot = index + 1;
    const kept = keep(segments[index]);
    base[slot] = kept ? pixel(colour, opacity) : base[0];
    hatch[slot] = kept && hatched ? pixel(mix(colour, BLACK, 0.35), opacity * 0.35) : kept ? base[slot] : hatch[0];
    edge[slot] = kept && outlines ? pixel(mix(colour, WHITE, 0.45), EDGE_ALPHA) : 0;
  });
  return { base, hatch, edge };
}

/** Little-endian RGBA, which every browser's ImageData is. @param {Colour} colour @param {number} alpha 0..1 */
export function pixel([red, green, blue], alpha) {
  return ((Math.round(alpha * 255) << 24) | (blue << 16) | (green << 8) | red) >>> 0;
}
