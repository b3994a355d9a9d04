/** How borders of masks look. */
import { BLACK, pixel } from './colours.mjs';
import { UNBROKEN } from './surface.mjs';

export const CASING = pixel(BLACK, 0.65);

/** At least one. @param {number} length in CSS pixels @param {number} ratio device pixels a CSS pixel */
export function devicePixels(length, ratio) {
  return Math.max(1, Math.round(length * ratio));
}

/**
 * @param {import('./colours.mjs').Colour} colour
 * @param {number} width in CSS pixels
 * @param {number} ratio device pixels a CSS pixel
 * @param {[number, number]} origin where dashes are counted from
 * @param {import('./surface.mjs').Dashes} [dashes] in CSS pixels
 */
export function lineOf(colour, width, ratio, origin, { on, period } = UNBROKEN) {
  const dashes = { on: Math.round(on * ratio), period: Math.round(period * ratio) };
  return { pixel: pixel(colour, 1), casing: CASING, thickness: devicePixels(width, ratio), origin, dashes };
}
