/** Lines of pixels: drawn into a set of a photo's pixels, which becomes a mask. */
import { fromSpans } from './algebra.mjs';

/** @typedef {[number, number]} Pixel column, row */

/**
 * Visits the 4-connected chain of pixels from one to another, both included, as long as `visit` does not answer false.
 * @param {Pixel} from @param {Pixel} to @param {(x: number, y: number) => boolean | void} visit
 */
export function walk([x0, y0], [x1, y1], visit) {
  const [dx, dy] = [Math.abs(x1 - x0), Math.abs(y1 - y0)];
  const [right, down] = [Math.sign(x1 - x0), Math.sign(y1 - y0)];
  let [x, y, error] = [x0, y0, dx - dy];
  while (visit(x, y) !== false && (x !== x1 || y !== y1)) {
    if (error > 0) {
      x += right;
      error -= 2 * dy;
    } else {
      y += down;
      error += 2 * dx;
    }
  }
}

/**
 * An empty set of a photo's pixels, a bit for each; ones outside the photo are not taken in.
 * @param {number} height @param {number} width
 */
export function createPixels(height, width) {
  const words = new Uint32Array(Math.ceil((height * width) / 32));
  return {
    add(x, y) {
      if (x < 0 || y < 0 || x >= width || y >= height) return;
      const pixel = x * height + y;
      words[pixel >>> 5] |= 1 << (pixel & 31);
    },
    /** @returns {import('./masks.mjs').Mask} */
    mask: () => fromSpans(height, width, spansOf(words)),
  };
}

function spansOf(words) {
  const spans = [];
  for (let i = 0; i < words.length; i++) {
    for (let rest = words[i]; rest !== 0; ) {
      const first = 31 - Math.clz32(rest & -rest);
      const filled = ~(rest >>> first);
      const length = filled === 0 ? 32 : 31 - Math.clz32(filled & -filled);
      const start = 32 * i + first;
      spans.push(start, start + length);
      rest = first + length >= 32 ? 0 : (rest >>> (first + length)) << (first + length);
    }
  }
  return spans;
}
