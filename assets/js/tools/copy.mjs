/** Masks for another photo: the same place and shape, also where the photo has another size. */
import { fromSpans } from '../masks/algebra.mjs';
import { columns } from '../masks/masks.mjs';

/**
 * The mask as a photo of another size shows it: each pixel takes what lies under its centre (nearest neighbour).
 * @param {import('../masks/masks.mjs').Mask} mask
 * @param {{height: number, width: number}} photo
 * @returns {import('../masks/masks.mjs').Mask} of the photo's size; the same mask for the same size
 */
export function scaled(mask, { height, width }) {
  if (mask.height === height && mask.width === width) return mask;
  const byColumn = columns(mask);
  const spans = [];
  for (let x = 0; x < width; x++) {
    const rows = byColumn.get(Math.floor(((2 * x + 1) * mask.width) / (2 * width))) ?? [];
    for (const y of rows) spans.push(x * height + firstRow(y, mask.height, height));
  }
  return fromSpans(height, width, spans);
}

/** The first row of the new height whose centre lies at `y` or below it in the old one. */
function firstRow(y, height, newHeight) {
  return Math.ceil((2 * y * newHeight - height) / (2 * height));
}
