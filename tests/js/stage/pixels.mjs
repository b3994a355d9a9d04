/** Masks as pictures, for tests that compare with a plain loop over pixels. */

/** Numbers from 0 up to a limit, the same ones for a seed. */
export function randomOf(seed) {
  let state = seed;
  return (limit) => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return Math.floor((state / 2 ** 32) * limit);
  };
}

/** @param {string[]} rows "#" for a pixel of the mask */
export function maskOf(rows) {
  return maskBy(rows[0].length, rows.length, (x, y) => rows[y][x] === '#');
}

/** @param {(x: number, y: number) => boolean} inside */
export function maskBy(width, height, inside) {
  const [starts, ends] = [[], []];
  let before = false;
  for (let at = 0; at <= width * height; at++) {
    const now = at < width * height && inside(Math.floor(at / height), at % height);
    if (now && !before) starts.push(at);
    if (!now && before) ends.push(at);
    before = now;
  }
  return { width, height, starts: Uint32Array.from(starts), ends: Uint32Array.from(ends) };
}

/** A few boxes, or noise. */
export function randomMask(random, width, height) {
  if (random(3) === 0) return maskBy(width, height, () => random(2) === 0);
  const boxes = Array.from({ length: 3 }, () => [random(width), random(height), 1 + random(width), 1 + random(height)]);
  return maskBy(width, height, (x, y) => boxes.some(([l, t, w, h]) => x >= l && y >= t && x < l + w && y < t + h));
}

/** 0 or 1 at each pixel, row by row. */
export function pixelsOf({ width, height, starts, ends }) {
  const pixels = new Array(width * height).fill(0);
  for (let i = 0; i < starts.length; i++) {
    for (let at = starts[i]; at < ends[i]; at++) pixels[(at % height) * width + Math.floor(at / height)] = 1;
  }
  return pixels;
}
