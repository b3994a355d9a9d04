/** The pixels along a round brush's way from one point to another. */

/** @typedef {{x: number, y: number}} Place photo coordinates: pixel (i, j) covers [i, i+1) × [j, j+1) */

// A brush thinner than this is taken through pixel centres, so that its dot is one pixel wherever it is set down.
const SNAPPED_BELOW_PX = 2;

/** Where a brush of this diameter really is. @param {Place} place @param {number} diameter @returns {Place} */
export function brushPlace({ x, y }, diameter) {
  return diameter < SNAPPED_BELOW_PX ? { x: Math.floor(x) + 0.5, y: Math.floor(y) + 0.5 } : { x, y };
}

/** @param {number} diameter pixels @returns {number} */
export function brushRadius(diameter) {
  return Math.max(diameter, 1) / 2;
}

/**
 * Visits each column of the photo that has a pixel whose centre lies at most `radius` from the line a – b.
 * @param {Place} a @param {Place} b @param {number} radius pixels
 * @param {{height: number, width: number}} photo
 * @param {(x: number, top: number, bottom: number) => void} visit rows `top` to `bottom` (exclusive)
 */
export function eachColumn(a, b, radius, { height, width }, visit) {
  const first = Math.max(0, Math.floor(Math.min(a.x, b.x) - radius - 0.5));
  const last = Math.min(width - 1, Math.ceil(Math.max(a.x, b.x) + radius - 0.5));
  for (let x = first; x <= last; x++) {
    // A row more on each side, then what is really within: rounding decides nothing.
    let top = Math.max(0, Math.floor(edge(a, b, radius, x + 0.5, -1) - 0.5));
    let bottom = Math.min(height, Math.ceil(edge(a, b, radius, x + 0.5, 1) - 0.5) + 1);
    while (top < bottom && !within(a, b, radius, x + 0.5, top + 0.5)) top++;
    while (top < bottom && !within(a, b, radius, x + 0.5, bottom - 0.5)) bottom--;
    if (top < bottom) visit(x, top, bottom);
  }
}

/** The y of the capsule's border above (side −1) or below (1) on the upright line at x. */
function edge(a, b, radius, x, side) {
  const [dx, dy] = [b.x - a.x, b.y - a.y];
  const length = Math.hypot(dx, dy);
  // The disc that reaches furthest there touches the line's parallel on that side.
  const aside = length === 0 ? 0 : (-side * Math.sign(dx) * radius * dy) / length;
  const along = dx === 0 ? Number(dy * side > 0) : Math.min(1, Math.max(0, (x - a.x - aside) / dx));
  const across = x - a.x - along * dx;
  return a.y + along * dy + side * Math.sqrt(Math.max(0, radius * radius - across * across));
}

function within(a, b, radius, x, y) {
  const [dx, dy] = [b.x - a.x, b.y - a.y];
  const square = dx * dx + dy * dy;
  const along = square === 0 ? 0 : Math.min(1, Math.max(0, ((x - a.x) * dx + (y - a.y) * dy) / square));
  const [left, up] = [a.x + along * dx - x, a.y + along * dy - y];
  return left * left + up * up <= radius * radius;
}
