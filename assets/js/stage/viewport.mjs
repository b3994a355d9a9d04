/** Where the photo lies on the stage: scale (screen pixels a photo pixel) and offset, in CSS pixels. */

/** @typedef {{scale: number, left: number, top: number}} Viewport @typedef {{width: number, height: number}} Size */

const MARGIN_PX = 16;
const LARGEST_SCALE = 40;
const SMALLEST_OF_FIT = 0.5;

/** The whole photo, centred. @param {Size} photo @param {Size} stage @returns {Viewport} */
export function fitted(photo, stage) {
  const room = (side) => Math.max(stage[side] - 2 * MARGIN_PX, 1);
  const scale = Math.min(room('width') / photo.width, room('height') / photo.height);
  return {
    scale,
    left: (stage.width - photo.width * scale) / 2,
    top: (stage.height - photo.height * scale) / 2,
  };
}

/**
 * Larger by `factor` about a point of the stage.
 * @param {Viewport} view
 * @param {[number, number]} point
 * @param {Size} photo
 * @param {Size} stage
 */
export function zoomed(view, factor, [x, y], photo, stage) {
  const smallest = fitted(photo, stage).scale * SMALLEST_OF_FIT;
  const scale = Math.min(Math.max(view.scale * factor, smallest), LARGEST_SCALE);
  const ratio = scale / view.scale;
  return { scale, left: x - (x - view.left) * ratio, top: y - (y - view.top) * ratio };
}

/** @param {Viewport} view */
export function moved(view, byX, byY) {
  return { ...view, left: view.left + byX, top: view.top + byY };
}

/**
 * The photo pixel under a point of the stage; it may lie outside the photo.
 * @param {Viewport} view
 * @returns {[number, number]}
 */
export function toPhoto(view, x, y) {
  return toPhotoPoint(view, x, y).map(Math.floor);
}

/**
 * The same place as a point: pixel (i, j) covers [i, i+1) × [j, j+1).
 * @param {Viewport} view
 * @returns {[number, number]}
 */
export function toPhotoPoint({ scale, left, top }, x, y) {
  return [(x - left) / scale, (y - top) / scale];
}

/**
 * A box of the photo on the stage, with a rim in CSS pixels.
 * @param {Viewport} view
 * @param {import('../masks/masks.mjs').Box} box
 */
export function toStage({ scale, left, top }, [x, y, width, height], rim = 0) {
  return [left + x * scale - rim, top + y * scale - rim, width * scale + 2 * rim, height * scale + 2 * rim];
}

/**
 * The least move that brings the middle of a box into sight.
 * @param {Viewport} view
 * @param {import('../masks/masks.mjs').Box} box
 * @param {Size} stage
 */
export function revealing(view, box, stage) {
  const [x, y, width, height] = toStage(view, box);
  const [middleX, middleY] = [x + width / 2, y + height / 2];
  const inside = middleX >= 0 && middleY >= 0 && middleX <= stage.width && middleY <= stage.height;
  return inside ? view : moved(view, stage.width / 2 - middleX, stage.height / 2 - middleY);
}

/**
 * The CSS transform, about the stage's corner, by which what was painted for one viewport lies as in another.
 * @param {Viewport} from
 * @param {Viewport} to
 */
export function transformBetween(from, to) {
  const factor = to.scale / from.scale;
  return `translate(${to.left - from.left * factor}px, ${to.top - from.top * factor}px) scale(${factor})`;
}
