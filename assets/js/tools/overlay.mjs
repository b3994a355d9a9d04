/** A mask of any size, stretched over the photo while it is not final. */
import { columns } from '../masks/masks.mjs';

const OPACITY = 0.5;

export function createOverlay() {
  let canvas = null;
  let painted = null;

  function paint(mask, colour) {
    if (painted?.mask === mask && painted.colour === colour) return;
    canvas ??= document.createElement('canvas');
    Object.assign(canvas, { width: mask.width, height: mask.height });
    const context = canvas.getContext('2d');
    context.fillStyle = colour;
    for (const [x, spans] of columns(mask)) {
      for (let i = 0; i < spans.length; i += 2) context.fillRect(x, spans[i], 1, spans[i + 1] - spans[i]);
    }
    painted = { mask, colour };
  }

  return {
    /**
     * @param {CanvasRenderingContext2D} context drawing in CSS pixels
     * @param {import('../stage/viewport.mjs').Viewport} viewport
     * @param {import('../masks/masks.mjs').Mask} mask
     * @param {{width: number, height: number}} photo
     * @param {string} colour
     */
    draw(context, { scale, left, top }, mask, photo, colour) {
      paint(mask, colour);
      context.globalAlpha = OPACITY;
      context.drawImage(canvas, left, top, photo.width * scale, photo.height * scale);
      context.globalAlpha = 1;
    },
  };
}
