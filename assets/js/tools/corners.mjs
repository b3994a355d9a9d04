/** The corners of a polygon that is being drawn: pure steps, each a new list. */

/** As many as the server takes. */
export const MOST_CORNERS = 20_000;
/** @typedef {[number, number]} Corner x, y of a pixel corner: whole numbers from 0 to the photo's width and height */

/**
 * The pixel corner next to a point; from the keyboard, which stands on pixels, the pixel's upper left one, and beyond
 * the last pixel in the last column and row.
 * @param {{x: number, y: number, pointerType: string}} point
 * @param {{width: number, height: number}} photo
 * @returns {Corner}
 */
export function snapped({ x, y, pointerType }, { width, height }) {
  return [snap(x, width, pointerType), snap(y, height, pointerType)];
}

function snap(value, side, pointerType) {
  const corner = pointerType === 'keyboard' && value < side - 1 ? Math.floor(value) : Math.round(value);
  return Math.min(Math.max(corner, 0), side);
}

/** @param {Corner[]} corners @param {Corner} corner @returns {Corner[]} the same list when it ends there already */
export function added(corners, corner) {
  const last = corners.at(-1);
  const again = last !== undefined && last[0] === corner[0] && last[1] === corner[1];
  return again || corners.length === MOST_CORNERS ? corners : [...corners, corner];
}

/**
 * The corner nearest to a place, as far as it is within reach.
 * @param {Corner[]} corners @param {{x: number, y: number}} place @param {number} reach photo pixels
 * @returns {number} its index, −1 without one
 */
export function cornerAt(corners, { x, y }, reach) {
  let [found, nearest] = [-1, reach];
  corners.forEach((corner, index) => {
    const distance = Math.hypot(corner[0] - x, corner[1] - y);
    if (distance <= nearest) [found, nearest] = [index, distance];
  });
  return found;
}
