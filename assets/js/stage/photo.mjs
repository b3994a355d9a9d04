/**
 * The photo itself, from the smallest of its pictures that is sharp enough.
 * @typedef {{levels: {bitmap: ImageBitmap, scale: number}[]}} Photo smallest first; scale: bitmap pixels a photo pixel
 */

// Larger pixels are shown as squares, and from the second on with lines between them.
const SQUARES_FROM = 4;
const LINES_FROM_CSS = 8;
const LINES = 'rgb(128 128 128 / 0.4)';
// A reduction by more is averaged, or fine patterns would flicker.
const AVERAGED_BEYOND = 1.5;

/** @param {Photo} photo @param {number} scale device pixels a photo pixel */
export function levelFor({ levels }, scale) {
  return levels.find((level) => level.scale >= Math.min(scale, 1)) ?? levels.at(-1);
}

/** Whether it would be sharper with all its pixels. @param {Photo | null} photo @param {number} scale as above */
export function lacksPixels(photo, scale) {
  return photo !== null && levelFor(photo, scale).scale < Math.min(scale, 1);
}

/**
 * @param {CanvasRenderingContext2D} context of the whole canvas, in device pixels
 * @param {import('../truth/state.mjs').State} state with an image and its photo
 * @param {import('./viewport.mjs').Viewport} viewport
 * @param {number} ratio device pixels a CSS pixel
 */
export function drawPhoto(context, { photo, image }, { scale, left, top }, ratio) {
  const zoom = scale * ratio;
  const level = levelFor(photo, zoom);
  // A bitmap that was closed meanwhile has no size and cannot be drawn.
  if (level.bitmap.width === 0) return;
  context.imageSmoothingEnabled = zoom < SQUARES_FROM;
  context.imageSmoothingQuality = level.scale / zoom > AVERAGED_BEYOND ? 'medium' : 'low';
  context.drawImage(level.bitmap, left * ratio, top * ratio, image.width * zoom, image.height * zoom);
  if (scale >= LINES_FROM_CSS) drawLines(context, image, [left * ratio, top * ratio], zoom);
}

function drawLines(context, image, [left, top], zoom) {
  const { width, height } = context.canvas;
  const path = new Path2D();
  const within = (offset, side, room) => [
    Math.max(0, Math.ceil(-offset / zoom)),
    Math.min(side, Math.floor((room - offset) / zoom)),
  ];
  const [firstColumn, lastColumn] = within(left, image.width, width);
  const [firstRow, lastRow] = within(top, image.height, height);
  const [right, bottom] = [left + image.width * zoom, top + image.height * zoom];
  for (let x = firstColumn; x <= lastColumn; x++) {
    const at = Math.round(left + x * zoom) + 0.5;
    path.moveTo(at, Math.max(top, 0));
    path.lineTo(at, Math.min(bottom, height));
  }
  for (let y = firstRow; y <= lastRow; y++) {
    const at = Math.round(top + y * zoom) + 0.5;
    path.moveTo(Math.max(left, 0), at);
    path.lineTo(Math.min(right, width), at);
  }
  Object.assign(context, { strokeStyle: LINES, lineWidth: 1 });
  context.stroke(path);
}
