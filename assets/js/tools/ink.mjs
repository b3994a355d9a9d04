/** What a stroke has covered so far, painted as it grows: only what is new, whatever the stroke's length. */

const ALPHA = 0.45;

/**
 * Spans are [column, top, bottom, …] in photo pixels, bottoms exclusive. A span's edges are rounded to the screen's
 * pixels, so that neighbours meet without a seam at any zoom.
 */
export function createInk() {
  let spans = [];
  let painted = 0;
  let picture = null;
  let at = null;

  function fits(context, viewport) {
    const { width, height } = context.canvas;
    return picture?.canvas.width === width && picture.canvas.height === height && at === viewport;
  }

  function begin(context, viewport) {
    const { width, height } = context.canvas;
    picture ??= document.createElement('canvas').getContext('2d');
    Object.assign(picture.canvas, { width, height });
    at = viewport;
    painted = 0;
  }

  function paint({ scale, left, top }, ratio) {
    const onScreenX = (x) => Math.round((left + x * scale) * ratio);
    const onScreenY = (y) => Math.round((top + y * scale) * ratio);
    for (; painted < spans.length; painted += 3) {
      const [x, y] = [onScreenX(spans[painted]), onScreenY(spans[painted + 1])];
      picture.fillRect(x, y, onScreenX(spans[painted] + 1) - x, onScreenY(spans[painted + 2]) - y);
    }
  }

  return {
    /** @param {number[]} more */
    add(more) {
      for (const value of more) spans.push(value);
    },

    /** @param {CanvasRenderingContext2D} context drawing in CSS pixels @param {string} colour */
    draw(context, viewport, colour) {
      if (spans.length === 0) return;
      const placed = context.getTransform();
      if (!fits(context, viewport)) begin(context, viewport);
      picture.fillStyle = colour;
      paint(viewport, placed.a);
      context.setTransform(1, 0, 0, 1, 0, 0);
      context.globalAlpha = ALPHA;
      context.drawImage(picture.canvas, 0, 0);
      context.globalAlpha = 1;
      context.setTransform(placed);
    },

    clear() {
      spans = [];
      at = null;
    },
  };
}
