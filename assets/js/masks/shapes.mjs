/** Masks of drawn shapes, in photo coordinates: pixel (i, j) covers [i, i+1) × [j, j+1), and its centre decides. */
import { emptyMask, fromToggles } from './algebra.mjs';
import { beginStroke } from './brush.mjs';

/** @typedef {import('./masks.mjs').Mask} Mask @typedef {import('./capsule.mjs').Place} Place */

/**
 * The pixels whose centres lie inside an odd number of the rings, cut to the photo: an outline's rings give its mask
 * back. What lies on a ring belongs to what is right of and below it. Equal to `fill` in core/formats/polygons.py.
 * @param {ArrayLike<number>[]} rings each [x, y, x, y, …] without its first point again at the end
 * @param {number} height @param {number} width
 * @returns {Mask}
 */
export function polygon(rings, height, width) {
  const crossings = [];
  for (const ring of rings) {
    for (let i = 0; i < ring.length; i += 2) {
      const next = (i + 2) % ring.length;
      // From left to right, so that there and back cross at the same numbers.
      if (ring[i] < ring[next]) cross(crossings, ring[i], ring[i + 1], ring[next], ring[next + 1], height, width);
      else cross(crossings, ring[next], ring[next + 1], ring[i], ring[i + 1], height, width);
    }
  }
  const toggles = Uint32Array.from(crossings).sort();
  return fromToggles(height, width, toggles, pairsRemoved(toggles));
}

/** The pixel numbers below which a side crosses the middle of each column. */
function cross(crossings, x0, y0, x1, y1, height, width) {
  const column = (x) => Math.min(width, Math.max(0, Math.ceil(x - 0.5)));
  const [first, last, slope] = [column(x0), column(x1), (y1 - y0) / (x1 - x0)];
  for (let x = first; x < last; x++) {
    const y = y0 + (x + 0.5 - x0) * slope;
    crossings.push(x * height + Math.min(height, Math.max(0, Math.ceil(y - 0.5))));
  }
}

/** Moves to the front what is there an odd number of times, once each. @returns {number} how many those are */
function pairsRemoved(sorted) {
  let count = 0;
  for (const value of sorted) {
    if (count > 0 && sorted[count - 1] === value) count--;
    else sorted[count++] = value;
  }
  return count;
}

/**
 * What a round brush covers on its way through points: the pixels whose centres lie at most half a diameter from it.
 * A brush thinner than two pixels goes through pixel centres: its dot is the pixel under it.
 * @param {Place[]} points one at least @param {number} diameter pixels
 * @returns {Mask}
 */
export function stroke(points, diameter, height, width) {
  const brush = beginStroke(emptyMask(height, width), { diameter });
  brush.add(points);
  return brush.end();
}
