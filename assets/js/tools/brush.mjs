/** Brush and eraser: one stroke is one correction. */
import { keyFor } from '../commands/bindings.mjs';
import { createInk } from './ink.mjs';
import { createStroke, diameterAt } from './strokes.mjs';
import { ADDS, lookOf, pathThrough, placed, strokeLine } from './sketch.mjs';
import { pick } from '../truth/pick.mjs';

export const SMALLEST_PX = 1;
export const LARGEST_PX = 1000;
const STEP = 1.25;
// Of the wheel, so that a touchpad's many small turns are not a step each.
const TURN_PX = 50;
const MEASURES_KEPT = 2000;

const HINTS = {
  brush: 'Brush: drag to add, Alt takes away',
  eraser: 'Eraser: drag to take away, Alt adds',
};

/**
 * The next size up (1) or down (−1): by a quarter, and by a pixel at least.
 * @param {number} size
 * @param {1 | -1} step
 */
export function steppedSize(size, step) {
  const next = step > 0 ? Math.max(size + 1, Math.round(size * STEP)) : Math.min(size - 1, Math.round(size / STEP));
  return Math.min(Math.max(next, SMALLEST_PX), LARGEST_PX);
}

/**
 * @param {{name: 'brush' | 'eraser', store: any, target: any, commands: () => any, repaint: () => void}} parts
 * @returns {import('./tools.mjs').Tool}
 */
export function createBrush({ name, store, target, commands, repaint }) {
  const ink = createInk();
  let stroke = null;
  let pointer = null;
  let last = null;
  let spent = 0;
  let measures = 0;
  let turned = 0;

  const takesAway = ({ alt }) => (name === 'eraser' ? !alt : alt !== store.state.subtracts);

  /** Where nobody selected anything taking away begins on the mask under the brush. */
  function targetAt(point, subtracts) {
    const on = target.begin();
    if (!on || !subtracts || (on.item && !on.offered)) return on;
    const under = pick(store.state, Math.floor(point.x), Math.floor(point.y));
    if (!under || under.key === on.item?.key) return on;
    store.dispatch({ type: 'select', keys: [under.key] });
    return target.begin();
  }

  /** The first pen brings the question whether its pressure counts. */
  function meet({ pointerType }) {
    if (pointerType === 'pen' && !store.state.penSeen) store.dispatch({ type: 'set', values: { penSeen: true } });
  }

  /** The diameter at a point, as it is set when a stroke begins. */
  function widthNow() {
    const { brushSize, pressure } = store.state;
    return (point) => (pressure ? diameterAt(brushSize, point) : brushSize);
  }

  function cover(points) {
    const from = performance.now();
    ink.add(stroke.path.add(points));
    pointer = points.at(-1);
    repaint();
    spent += performance.now() - from;
  }

  function drop() {
    stroke = null;
    ink.clear();
    repaint();
  }

  /** The script of a move: covering and drawing it. */
  function measure() {
    if (++measures % MEASURES_KEPT === 0) performance.clearMeasures('mw-brush');
    const start = performance.now() - spent;
    performance.measure('mw-brush', { start, duration: spent });
    spent = 0;
  }

  return {
    name,
    cursor: 'crosshair',
    get hint() {
      const sizes = `${keyFor('smallerBrush')} and ${keyFor('largerBrush')} change the size`;
      return `${HINTS[name]}, Shift+Click draws a straight line, ${sizes}.`;
    },
    down(point) {
      meet(point);
      const { image } = store.state;
      const subtracts = takesAway(point);
      const on = targetAt(point, subtracts);
      if (!on) return;
      stroke = { on, subtracts, path: createStroke(image, widthNow()) };
      const line = point.shift && last?.imageId === image.id;
      cover(line ? [{ ...point, x: last.x, y: last.y }, point] : [point]);
    },
    move: (points) => stroke && cover(points),
    up(point) {
      if (!stroke) return;
      const { on, subtracts, path } = stroke;
      last = { imageId: on.imageId, x: point.x, y: point.y };
      drop();
      target.finish(on, path.mask(), { subtracts });
    },
    hover(point) {
      if (point) meet(point);
      pointer = point;
      repaint();
    },
    wheel(delta) {
      turned += delta;
      if (Math.abs(turned) < TURN_PX) return;
      commands()[turned < 0 ? 'largerBrush' : 'smallerBrush']();
      turned = 0;
    },
    cancel: drop,
    busy: () => stroke !== null,
    awaits: () => stroke !== null,
    draw(context, viewport) {
      const from = performance.now();
      const look = lookOf(stroke?.subtracts ?? takesAway(pointer ?? { alt: false }));
      if (stroke) ink.draw(context, viewport, look.line);
      if (pointer) drawCursor(context, viewport, pointer, look);
      if (!stroke) return;
      spent += performance.now() - from;
      measure();
    },
  };

  function drawCursor(context, viewport, point, look) {
    const diameter = stroke ? widthNow()(point) : store.state.brushSize;
    const [x, y] = placed(viewport, [point.x, point.y]);
    const circle = new Path2D();
    circle.arc(x, y, Math.max((diameter * viewport.scale) / 2, 1), 0, 2 * Math.PI);
    strokeLine(context, circle, look);
    const line = point.shift && !stroke && last?.imageId === store.state.image.id;
    if (line)
      strokeLine(
        context,
        pathThrough(viewport, [
          [last.x, last.y],
          [point.x, point.y],
        ]),
        ADDS,
      );
  }
}
