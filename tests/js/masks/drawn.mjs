/** Masks for tests: as text, a row a line, # inside; and plain shapes. */
import { fromSpans } from '../../../assets/js/masks/algebra.mjs';
import { contains } from '../../../assets/js/masks/masks.mjs';
import { polygon, stroke } from '../../../assets/js/masks/shapes.mjs';

/** @param {string} text rows of # and . @returns {import('../../../assets/js/masks/masks.mjs').Mask} */
export function drawn(text) {
  const rows = text.trim().split('\n').map((row) => row.trim());
  const [height, width] = [rows.length, rows[0].length];
  const spans = [];
  for (let x = 0; x < width; x++) {
    for (let y = 0; y < height; y++) if (rows[y][x] === '#') spans.push(x * height + y, x * height + y + 1);
  }
  return fromSpans(height, width, spans);
}

/** The same the other way. */
export function shown(mask) {
  const row = (y) => Array.from({ length: mask.width }, (_, x) => (contains(mask, x, y) ? '#' : '.')).join('');
  return Array.from({ length: mask.height }, (_, y) => row(y)).join('\n');
}

/** The pixels between two opposite corners. @returns {import('../../../assets/js/masks/masks.mjs').Mask} */
export function box(x0, y0, x1, y1, height, width) {
  return polygon([[x0, y0, x1, y0, x1, y1, x0, y1]], height, width);
}

/** The round dot of a brush. @param {number} diameter pixels @returns {import('../../../assets/js/masks/masks.mjs').Mask} */
export function disc(x, y, diameter, height, width) {
  return stroke([{ x, y }], diameter, height, width);
}
