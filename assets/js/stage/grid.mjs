/**
 * The photo as the screen shows it: each device pixel shows the photo pixel under its middle.
 *
 * A mask sampled on a grid is a mask of the grid's size, so whatever works on masks works at the screen's resolution.
 * @typedef {object} Grid the device pixels that the photo covers on a canvas
 * @property {number} left of the first, on the canvas   @property {number} top
 * @property {number} width in device pixels   @property {number} height
 * @property {Int32Array} columns [width] the photo column that each shows, ascending
 * @property {Int32Array} rows [height] the photo row that each shows, ascending
 * @property {Int32Array} firstRows [photo height + 1] the first grid row that shows this photo row or a later one
 * @property {[number, number]} origin where the photo's corner lies on the canvas, in device pixels
 * @property {{left: boolean, top: boolean, right: boolean, bottom: boolean}} goesOn whether the photo does there, out of
 *   sight
 */
import { firstEndingAfter } from '../masks/algebra.mjs';

/**
 * @param {import('./viewport.mjs').Viewport} viewport
 * @param {number} ratio device pixels a CSS pixel
 * @param {import('./viewport.mjs').Size} photo
 * @param {import('./viewport.mjs').Size} canvas in device pixels
 * @returns {Grid} of no pixels when the photo is out of sight
 */
export function gridOf(viewport, ratio, photo, canvas) {
  const scale = viewport.scale * ratio;
  const origin = /** @type {[number, number]} */ ([viewport.left * ratio, viewport.top * ratio]);
  const [left, columns] = shown(origin[0], scale, photo.width, canvas.width);
  const [top, rows] = shown(origin[1], scale, photo.height, canvas.height);
  const goesOn = {
    left: columns[0] > 0,
    top: rows[0] > 0,
    right: columns.at(-1) < photo.width - 1,
    bottom: rows.at(-1) < photo.height - 1,
  };
  const firstRows = firstAt(rows, photo.height);
  return { left, top, width: columns.length, height: rows.length, columns, rows, firstRows, origin, goesOn };
}

function shown(offset, scale, photoSide, canvasSide) {
  const from = Math.max(0, Math.ceil(offset - 0.5));
  const to = Math.max(from, Math.min(canvasSide, Math.ceil(offset + photoSide * scale - 0.5)));
  const last = photoSide - 1;
  const places = Int32Array.from({ length: to - from }, (_, i) => {
    const place = Math.floor((from + i + 0.5 - offset) / scale);
    return Math.min(Math.max(place, 0), last);
  });
  return [from, places];
}

function firstAt(rows, height) {
  const first = new Int32Array(height + 1).fill(rows.length);
  let y = 0;
  for (let row = 0; row < rows.length; row++) while (y <= rows[row]) first[y++] = row;
  return first;
}

let toggles = new Uint32Array(1 << 16);

/**
 * The mask as the grid shows it, of the grid's width and height.
 * @param {import('../masks/masks.mjs').Mask} mask of the photo's size
 * @param {Grid} grid
 * @returns {import('../masks/masks.mjs').Mask}
 */
export function sampled(mask, { columns, firstRows, width, height }) {
  const { starts, ends, height: photoHeight } = mask;
  let count = 0;
  let span = width > 0 ? firstEndingAfter(ends, columns[0] * photoHeight) : ends.length;
  for (let column = 0; column < width && span < ends.length; column++) {
    const base = columns[column] * photoHeight;
    const next = base + photoHeight;
    while (span < ends.length && ends[span] <= base) span++;
    for (let i = span; i < starts.length && starts[i] < next; i++) {
      const from = column * height + firstRows[Math.max(starts[i] - base, 0)];
      const to = column * height + firstRows[Math.min(ends[i] - base, photoHeight)];
      if (from >= to) continue;
      if (count > 0 && toggles[count - 1] === from) toggles[count - 1] = to;
      else {
        if (count + 2 > toggles.length) toggles = grown(toggles);
        toggles[count++] = from;
        toggles[count++] = to;
      }
    }
  }
  return { height, width, starts: everySecond(toggles, 0, count), ends: everySecond(toggles, 1, count) };
}

function grown(array) {
  const larger = new Uint32Array(2 * array.length);
  larger.set(array);
  return larger;
}

function everySecond(array, first, count) {
  const picked = new Uint32Array(count >> 1);
  for (let i = 0; i < picked.length; i++) picked[i] = array[2 * i + first];
  return picked;
}

/** A memory of sampled masks, for one grid at a time. @returns {(mask: object, grid: Grid) => object} */
export function createSampler() {
  let known = new WeakMap();
  let of = null;
  return (mask, grid) => {
    if (of !== grid) [known, of] = [new WeakMap(), grid];
    if (!known.has(mask)) known.set(mask, sampled(mask, grid));
    return known.get(mask);
  };
}

/**
 * A box of the photo on the grid, as far as it is in sight.
 * @param {import('../masks/masks.mjs').Box} box
 * @param {Grid} grid
 * @returns {import('../masks/masks.mjs').Box}
 */
export function boxOnGrid([x, y, width, height], { columns, firstRows }) {
  const [left, top] = [firstEndingAfter(columns, x - 1), firstRows[y]];
  return [left, top, firstEndingAfter(columns, x + width - 1) - left, firstRows[y + height] - top];
}
