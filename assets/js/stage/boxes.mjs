/** Boxes of whole pixels; null stands for one without any. */

/** @typedef {import('../masks/masks.mjs').Box} Box */

/** The smallest box around these. @param {(Box | null)[]} boxes @returns {Box | null} */
export function around(boxes) {
  const found = boxes.filter((box) => box !== null && box[2] > 0 && box[3] > 0);
  if (found.length === 0) return null;
  const left = Math.min(...found.map(([x]) => x));
  const top = Math.min(...found.map(([, y]) => y));
  const right = Math.max(...found.map(([x, , width]) => x + width));
  const bottom = Math.max(...found.map(([, y, , height]) => y + height));
  return [left, top, right - left, bottom - top];
}

/**
 * A box with a rim, as far as it lies in a size.
 * @param {Box | null} box
 * @param {number} rim
 * @param {{width: number, height: number}} size
 * @returns {Box | null}
 */
export function withRim(box, rim, { width, height }) {
  if (box === null) return null;
  const [left, top] = [Math.max(box[0] - rim, 0), Math.max(box[1] - rim, 0)];
  const right = Math.min(box[0] + box[2] + rim, width);
  const bottom = Math.min(box[1] + box[3] + rim, height);
  return right > left && bottom > top ? [left, top, right - left, bottom - top] : null;
}

/** @param {{width: number, height: number}} size @returns {Box} */
export function wholeOf({ width, height }) {
  return [0, 0, width, height];
}
