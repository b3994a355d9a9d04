/** A canvas that shows a picture with names over it, and is painted again only where either is another. */
import { around, wholeOf } from './boxes.mjs';
import { changed } from './lists.mjs';
import { writeNames } from './names.mjs';
import { boxesMeet } from '../truth/overlaps.mjs';

/**
 * @typedef {import('../masks/masks.mjs').Box} Box @typedef {import('./names.mjs').Name} Name
 * @typedef {{image: ImageData, box: Box | null}} Picture and where it is another than it was the last time
 * @typedef {{left: number, top: number, ratio: number, larger: number}} Place of the picture's corner on the canvas, in
 *   device pixels; device pixels a CSS pixel; how many times the usual size names are
 */

/** @param {CanvasRenderingContext2D} context */
export function createSheet(context) {
  /** @type {{image: ImageData, names: Name[]} | null} */
  let shown = null;
  let isBlank = true;

  function clear() {
    if (isBlank) return;
    context.clearRect(...wholeOf(context.canvas));
    [shown, isBlank] = [null, true];
  }

  function paint(image, names, dirty, { left, top, ratio, larger }) {
    const [x, y, width, height] = dirty;
    context.clearRect(...dirty);
    context.putImageData(image, left, top, x - left, y - top, width, height);
    const near = names.filter((name) => boxesMeet(coveredBy(name, ratio), dirty));
    if (near.length === 0) return;
    context.save();
    context.beginPath();
    context.rect(...dirty);
    context.clip();
    context.scale(ratio, ratio);
    writeNames(context, near, larger);
    context.restore();
  }

  return {
    clear,
    /** What is shown next is another picture, or in another place. */
    forget() {
      shown = null;
    },
    /** @param {Picture} picture @param {Place} place the same one until `forget` @param {Name[]} [names] over it */
    show({ image, box }, place, names = []) {
      const isThere = shown?.image === image;
      const there = box && [box[0] + place.left, box[1] + place.top, box[2], box[3]];
      const dirty = isThere ? around([there, movedNames(shown.names, names, place.ratio)]) : wholeOf(context.canvas);
      [shown, isBlank] = [{ image, names }, false];
      if (dirty) paint(image, names, dirty, place);
    },
  };
}

function movedNames(before, after, ratio) {
  const byKey = new Map([...before, ...after].map((name) => [name.key, name]));
  const keys = (names) => [...new Set(names.map(({ key }) => key))];
  return around(changed(keys(before), keys(after)).map((key) => coveredBy(byKey.get(key), ratio)));
}

/** Device pixels, with those that letters only brush. @returns {Box} */
function coveredBy({ box: [x, y, width, height] }, ratio) {
  const [left, top] = [Math.floor(x * ratio) - 1, Math.floor(y * ratio) - 1];
  return [left, top, Math.ceil((x + width) * ratio) + 1 - left, Math.ceil((y + height) * ratio) + 1 - top];
}
