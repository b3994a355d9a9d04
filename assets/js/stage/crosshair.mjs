/** A pointer for the keyboard: it stands on a photo pixel, and Enter clicks there. */
import { toStage } from './viewport.mjs';

/**
 * @param {ReturnType<typeof import('../truth/state.mjs').createStore>} store
 * @param {object} stage
 * @param {() => import('./pointer.mjs').Tool | null} stage.toolNow
 * @param {() => [number, number]} stage.middle the photo pixel in the middle of what is seen
 * @param {(box: import('../masks/masks.mjs').Box) => void} stage.reveal
 * @param {(pixel: [number, number]) => import('./pointer.mjs').Point} stage.pointAt the middle of a photo pixel
 * @param {(point: import('./pointer.mjs').Point) => void} stage.click without a tool
 * @param {(point: import('./pointer.mjs').Point) => void} stage.over shows what is there
 */
export function createCrosshair(store, { toolNow, middle, reveal, pointAt, click, over }) {
  let clicked = null;
  const put = (crosshair) => store.dispatch({ type: 'set', values: { crosshair } });

  return {
    /** By photo pixels, inside the photo; the first step shows it where it starts. */
    move(byX, byY) {
      const { crosshair, image } = store.state;
      const [x, y] = crosshair ? [crosshair[0] + byX, crosshair[1] + byY] : middle();
      const inside = (value, side) => Math.min(Math.max(value, 0), side - 1);
      const pixel = [inside(x, image.width), inside(y, image.height)];
      put(pixel);
      reveal([...pixel, 1, 1]);
      over(pointAt(pixel));
      toolNow()?.hover?.(pointAt(pixel));
    },
    /**
     * Enter: clicks, a second time at the same pixel confirms what the tool has drawn.
     * @param {{shift?: boolean}} [held]
     */
    press(held = {}) {
      const { crosshair } = store.state;
      const tool = toolNow();
      const again = crosshair === clicked;
      if ((crosshair === null || again) && tool?.confirm?.()) {
        clicked = null;
        return;
      }
      clicked = crosshair;
      if (crosshair === null) return;
      const point = { ...pointAt(crosshair), ...held };
      if (!tool) click(point);
      tool?.down?.(point);
      tool?.up?.(point);
    },
    /** The pointer took over. */
    hide() {
      if (store.state.crosshair !== null) put(null);
    },
  };
}

const ARM_PX = 14;

/**
 * @param {CanvasRenderingContext2D} context drawing in CSS pixels
 * @param {[number, number]} pixel
 * @param {import('./viewport.mjs').Viewport} viewport
 */
export function drawCrosshair(context, pixel, viewport) {
  const [left, top, side] = toStage(viewport, [...pixel, 1, 1]);
  const [x, y, half] = [left + side / 2, top + side / 2, Math.max(side / 2, 2)];
  const arms = new Path2D();
  arms.rect(x - half, y - half, 2 * half, 2 * half);
  for (const [dx, dy] of [
    [1, 0],
    [-1, 0],
    [0, 1],
    [0, -1],
  ]) {
    arms.moveTo(x + dx * half, y + dy * half);
    arms.lineTo(x + dx * (half + ARM_PX), y + dy * (half + ARM_PX));
  }
  for (const [width, colour] of [
    [3.5, 'rgb(0 0 0 / 0.7)'],
    [1.5, '#fff'],
  ]) {
    Object.assign(context, { lineWidth: width, strokeStyle: colour });
    context.stroke(arms);
  }
}
