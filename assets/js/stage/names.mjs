/** The names of the truth's segments, written where there is room and nothing lies above. */
import { anchor } from '../masks/masks.mjs';
import { keptWithMask } from '../masks/kept.mjs';
import { nameOf } from '../truth/pick.mjs';

const FONT_PX = 12;
const FONT = 'system-ui, "DejaVu Sans", sans-serif';
const LINE_PX = 16;
const LEAST_PX = 20;
const PADDING_PX = 4;
const LONGEST = 24;

/**
 * @typedef {import('../truth/items.mjs').Item} Item
 * @typedef {object} Name in CSS pixels
 * @property {string} key its text and place: two of the same look the same
 * @property {string} text
 * @property {[number, number]} middle
 * @property {[number, number]} size of the plate behind it
 * @property {import('../masks/masks.mjs').Box} box all that it covers, with what of its letters hangs out
 */

/**
 * @param {CanvasRenderingContext2D} context
 * @param {Item[]} segments that are seen, from the bottom to the top
 * @param {import('../truth/state.mjs').State} state
 * @param {import('./viewport.mjs').Viewport} viewport
 * @param {number} larger how many times the usual size
 * @param {(segment: Item, x: number, y: number) => boolean} isOnTop whether it lies on top at a point
 * @returns {Name[]}
 */
export function namesOf(context, segments, state, { scale, left, top }, larger, isOnTop) {
  const line = LINE_PX * larger;
  const names = [];
  // Of two of the same mask the upper one is seen.
  for (const segment of new Map(segments.map((one) => [one.mask, one])).values()) {
    if (!state.categories.has(segment.category_id)) continue;
    const [, , boxWidth, boxHeight] = segment.bbox;
    if (boxHeight * scale < line || boxWidth * scale < LEAST_PX) continue;
    const text = shortened(nameOf(state, segment));
    const extent = extentOf(context, text, larger);
    if (boxWidth * scale < extent.width) continue;
    const [column, row] = anchorOf(segment.mask);
    const [x, y] = [left + (column + 0.5) * scale, top + (row + 0.5) * scale];
    if (isOnTop(segment, x, y)) names.push(nameAt(x, y, text, line, extent));
  }
  return names;
}

function nameAt(x, y, text, line, { width, before, after, above, below }) {
  const box = [x - before, y - above, before + after, above + below];
  return { key: `${x} ${y} ${text}`, text, middle: [x, y], size: [width, line], box };
}

/**
 * @param {CanvasRenderingContext2D} context drawing in CSS pixels
 * @param {Name[]} names as `namesOf` found them for this context
 * @param {number} larger
 */
export function writeNames(context, names, larger) {
  setFont(context, larger);
  for (const { text, middle: [x, y], size: [width, height] } of names) {
    context.fillStyle = 'rgb(13 15 17 / 0.72)';
    context.fillRect(x - width / 2, y - height / 2, width, height);
    context.fillStyle = '#fff';
    context.fillText(text, x, y);
  }
}

function setFont(context, larger) {
  Object.assign(context, { font: `${FONT_PX * larger}px ${FONT}`, textAlign: 'center', textBaseline: 'middle' });
}

const extents = new Map();

/** The plate's width, and how far text and plate reach from the middle. */
function extentOf(context, text, larger) {
  const key = `${larger} ${text}`;
  if (!extents.has(key)) {
    setFont(context, larger);
    extents.set(key, measured(context.measureText(text), LINE_PX * larger));
  }
  return extents.get(key);
}

function measured(found, line) {
  const width = found.width + 2 * PADDING_PX;
  return {
    width,
    before: Math.max(width / 2, found.actualBoundingBoxLeft),
    after: Math.max(width / 2, found.actualBoundingBoxRight),
    above: Math.max(line / 2, found.actualBoundingBoxAscent),
    below: Math.max(line / 2, found.actualBoundingBoxDescent),
  };
}

function shortened(name) {
  return name.length > LONGEST ? `${name.slice(0, LONGEST - 1)}…` : name;
}

const anchorOf = keptWithMask(anchor);
