/** The pixels of one stroke of the brush, whose diameter may follow a pen's pressure. */
import { emptyMask, union } from '../masks/algebra.mjs';
import { beginStroke } from '../masks/brush.mjs';

const LIGHTEST = 0.2;
// A stroke of one width is one sweep; finer steps than these are not seen and would cost a sweep each.
const WIDTHS = 16;

/**
 * A pen's diameter: from a fifth at the lightest touch to the whole; other pointers have the whole.
 * @param {number} diameter pixels
 * @param {{pressure: number, pointerType: string}} point
 */
export function diameterAt(diameter, { pressure, pointerType }) {
  if (pointerType !== 'pen') return diameter;
  const share = LIGHTEST + ((1 - LIGHTEST) * Math.round(pressure * WIDTHS)) / WIDTHS;
  return Math.max(1, diameter * share);
}

/**
 * @param {{height: number, width: number}} photo
 * @param {(point: any) => number} diameterOf pixels
 * @returns {{add: (points: any[]) => number[], mask: () => import('../masks/masks.mjs').Mask}} `add` goes on through
 *   points and answers with the spans [column, top, bottom, …] that are new
 */
export function createStroke({ height, width }, diameterOf) {
  const parts = [];
  let diameter = null;
  let last = null;

  function add(points) {
    return points.flatMap((point) => {
      const wanted = diameterOf(point);
      const goesOn = wanted === diameter;
      if (!goesOn) parts.push(beginStroke(emptyMask(height, width), { diameter: wanted }));
      const { spans } = parts.at(-1).add(goesOn || !last ? [point] : [last, point]);
      [diameter, last] = [wanted, point];
      return spans;
    });
  }

  return { add, mask: () => union(parts.map((part) => part.end())) };
}
