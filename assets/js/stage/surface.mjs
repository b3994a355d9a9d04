/**
 * Pixels that masks are drawn on, at the screen's resolution: filled, bordered, dotted.
 * @typedef {import('../masks/masks.mjs').Mask} Mask
 * @typedef {{pixels: Uint32Array, left: number, top: number, width: number, height: number}} Surface a part of a grid,
 *   row by row, as ImageData holds it
 * @typedef {{on: number, period: number}} Dashes in device pixels; on = period: an unbroken line
 */

export const UNBROKEN = Object.freeze({ on: 1, period: 1 });

/**
 * A part of a grid and the ImageData over its pixels.
 * @param {import('../masks/masks.mjs').Box} box of some pixels
 * @returns {{surface: Surface, image: ImageData}}
 */
export function surfaceOf([left, top, width, height]) {
  const image = new ImageData(width, height);
  return { image, surface: { pixels: new Uint32Array(image.data.buffer), left, top, width, height } };
}

/**
 * Colours the mask's pixels, all or those of a dotted pattern.
 * @param {Surface} surface
 * @param {Mask} mask of the grid's size
 * @param {number} pixel as ImageData holds it
 * @param {number} [every] dots this far apart, and half as wide; 0: all pixels
 */
export function fill({ pixels, left, top, width, height }, mask, pixel, every = 0) {
  const half = every >> 1;
  eachSpan(mask, (column, from, to) => {
    const x = column - left;
    if (x < 0 || x >= width || (every > 0 && column % every >= half)) return;
    const last = Math.min(to - top, height);
    for (let y = Math.max(from - top, 0); y < last; y++) {
      if (every === 0 || (y + top) % every < half) pixels[y * width + x] = pixel;
    }
  });
}

/**
 * Draws along the mask's border: `thickness` pixels inside it, and one of `casing` outside.
 * @param {Surface} surface
 * @param {Mask} mask of the grid's size
 * @param {import('./grid.mjs').Grid['goesOn']} goesOn no border where the photo goes on out of sight
 * @param {{pixel: number, casing: number, thickness: number, dashes: Dashes, origin: [number, number]}} look
 */
export function border(surface, mask, goesOn, { pixel, casing, ...shape }) {
  colour(surface.pixels, borderPlaces(surface, mask, goesOn, shape), pixel, casing);
}

/**
 * The same in a box of the surface, for a mask that is drawn again and again on surfaces of one place, in any colours:
 * where its border lies is found once.
 * @param {Surface} surface
 * @param {Mask} mask
 * @param {import('./grid.mjs').Grid['goesOn']} goesOn
 * @param {Parameters<typeof border>[3]} look
 * @param {import('../masks/masks.mjs').Box} box in the surface's own pixels
 */
export function borderAgain(surface, mask, goesOn, { pixel, casing, ...shape }, box) {
  const { left, top, width, height } = surface;
  const { thickness, dashes, origin } = shape;
  const sides = Object.values(goesOn);
  const key = [left, top, width, height, thickness, dashes.on, dashes.period, ...origin, ...sides].join();
  if (found.get(mask)?.key !== key) found.set(mask, { key, ...borderPlaces(surface, mask, goesOn, shape) });
  const { outside, line } = found.get(mask);
  if (box[2] === width && box[3] === height) {
    colour(surface.pixels, { outside, line }, pixel, casing);
    return;
  }
  colourWithin(surface, outside, casing, box);
  colourWithin(surface, line, pixel, box);
}

function colour(pixels, { outside, line }, pixel, casing) {
  for (let i = 0; i < outside.length; i++) pixels[outside[i]] = casing;
  for (let i = 0; i < line.length; i++) pixels[line[i]] = pixel;
}

function colourWithin({ pixels, width: stride }, places, value, [left, top, width, height]) {
  const [from, to] = [top * stride, (top + height) * stride];
  for (let i = 0; i < places.length; i++) {
    const place = places[i];
    if (place < from || place >= to) continue;
    const x = place % stride;
    if (x >= left && x < left + width) pixels[place] = value;
  }
}

const found = new WeakMap();

/** The places in the surface's pixels beside the mask, and those of the line inside it. */
function borderPlaces(surface, mask, goesOn, { thickness, dashes, origin }) {
  const columns = byColumn(mask);
  const [outside, line] = [[], []];
  const put = putter(surface, dashes, origin);
  edges(columns, mask, goesOn, (x, y, dx, dy) => put(x - dx, y - dy, outside, null));
  edges(columns, mask, goesOn, (x, y, dx, dy) => {
    for (let depth = 0; depth < thickness; depth++) put(x + depth * dx, y + depth * dy, line, dx === 0);
  });
  return { outside: Int32Array.from(outside), line: Int32Array.from(line) };
}

/** Dashes are counted along the border: by columns where it lies flat, else by rows. */
function putter({ left, top, width, height }, { on, period }, origin) {
  const [shiftX, shiftY] = origin.map((at) => ((Math.round(-at) % period) + period) % period);
  return (column, row, places, flat) => {
    const [x, y] = [column - left, row - top];
    if (x < 0 || y < 0 || x >= width || y >= height) return;
    const along = flat ? column + shiftX : row + shiftY;
    if (flat === null || along % period < on) places.push(y * width + x);
  };
}

/** Every side of a mask's pixel that has no mask behind it, as the pixel and the way from that side inwards. */
function edges({ first, from, to }, { width, height }, goesOn, side) {
  for (let x = 0; x < width; x++) {
    for (let i = first[x]; i < first[x + 1]; i++) {
      if (from[i] > 0 || !goesOn.top) side(x, from[i], 0, 1);
      if (to[i] < height || !goesOn.bottom) side(x, to[i] - 1, 0, -1);
    }
    if (x > 0 || !goesOn.left) bare(x, x - 1, 1);
    if (x < width - 1 || !goesOn.right) bare(x, x + 1, -1);
  }

  function bare(x, beside, inwards) {
    let j = beside < 0 || beside >= width ? 0 : first[beside];
    const end = beside < 0 || beside >= width ? 0 : first[beside + 1];
    for (let i = first[x]; i < first[x + 1]; i++) {
      let y = from[i];
      while (y < to[i]) {
        while (j < end && to[j] <= y) j++;
        const covered = j < end && from[j] <= y;
        const until = covered ? Math.min(to[j], to[i]) : j < end ? Math.min(from[j], to[i]) : to[i];
        if (!covered) for (; y < until; y++) side(x, y, inwards, 0);
        y = until;
      }
    }
  }
}

/** The spans cut at columns: those of column x are first[x] … first[x + 1] − 1, as rows. */
function byColumn(mask) {
  const first = new Int32Array(mask.width + 1);
  const from = [];
  const to = [];
  let column = 0;
  eachSpan(mask, (x, start, end) => {
    while (column <= x) first[column++] = from.length;
    from.push(start);
    to.push(end);
  });
  while (column <= mask.width) first[column++] = from.length;
  return { first, from, to };
}

/** @param {Mask} mask @param {(column: number, from: number, to: number) => void} run with rows, `to` exclusive */
function eachSpan({ starts, ends, height }, run) {
  for (let i = 0; i < starts.length; i++) {
    for (let start = starts[i]; start < ends[i]; ) {
      const column = Math.floor(start / height);
      const end = Math.min(ends[i], (column + 1) * height);
      run(column, start - column * height, end - column * height);
      start = end;
    }
  }
}
