/**
 * The wand: a click takes what looks like the clicked pixel, a drag sets the tolerance, the size keys change it after.
 *
 * Without Shift or Alt a click makes a new region, whatever is selected: most things are one click.
 */
import { difference, equal, union } from '../masks/algebra.mjs';
import { wandMask } from '../masks/wand.mjs';
import { selected } from '../truth/pick.mjs';
import { createOverlay } from './overlay.mjs';
import { lookOf, writeBeside } from './sketch.mjs';
import { createQuestion } from './waiting.mjs';

// Tolerance a CSS pixel of a drag, and a key.
const PER_PX = 0.5;
const STEP = 8;
const SLOP_PX = 3;
const MOST = 255;
// Finer is not seen while one drags; the region itself is cut at the photo's size.
const PREVIEW_PX = 1024;
const MEANWHILE = 'Looking at the photo… Escape gives up.';

/**
 * @param {{store: any, session: any, assist: ReturnType<typeof import('../session/assist.mjs').createAssist>,
 *   target: any, repaint: () => void}} parts
 * @returns {import('./tools.mjs').Tool}
 */
export function createWand({ store, session, assist, target, repaint }) {
  const question = createQuestion(session);
  const overlay = createOverlay();
  let draft = null;
  // The last region and what it was cut from, as long as its tolerance can be changed.
  let last = null;

  /** What a click works on: the selected mask where it adds or takes away, else a new region. */
  function targetOf(point) {
    const subtracts = point.alt !== store.state.subtracts;
    const isOnIt = subtracts || point.shift;
    const on = isOnIt ? target.begin() : { imageId: store.state.image.id, item: null };
    return on && { on: { ...on, offered: false }, subtracts };
  }

  function drop() {
    question.drop();
    draft = null;
    repaint();
  }

  function arrived({ map, tolerance, byModel }) {
    Object.assign(draft, { map, byModel, suggested: tolerance });
    if (draft.released) finish();
    else preview();
    measure(draft?.at ?? last?.at);
  }

  const toleranceOf = ({ suggested, by }) => clamped(suggested + by);

  function cut({ map, pixel, imageId }, tolerance, { width, height } = store.state.image) {
    const scale = [width / store.state.image.width, height / store.state.image.height];
    const [x, y] = pixel.map((value, axis) => Math.floor((value + 0.5) * scale[axis]));
    return imageId === store.state.image.id ? wandMask(map, { height, width, x, y, tolerance }) : null;
  }

  function preview() {
    const { image } = store.state;
    const scale = Math.min(1, PREVIEW_PX / Math.max(image.width, image.height));
    const size = { width: Math.ceil(image.width * scale), height: Math.ceil(image.height * scale) };
    draft.shown = cut(draft, toleranceOf(draft), size);
    repaint();
  }

  function finish() {
    const done = draft;
    const tolerance = toleranceOf(done);
    const region = cut(done, tolerance);
    const before = target.current(done.on)?.mask ?? null;
    drop();
    if (!region || !target.finish(done.on, region, { subtracts: done.subtracts })) return;
    last = { ...done, tolerance, before };
    if (!done.byModel) session.say(`${store.state.message.text} Found by colours alone: no model helps here.`);
  }

  /** Cuts the last region again, while it is still selected and as it was left. */
  function again(step) {
    const [item] = selected(store.state);
    if (!last || last.imageId !== store.state.image.id || !item || !equal(item.mask, left(last))) return false;
    const tolerance = clamped(last.tolerance + step * STEP);
    const mask = left({ ...last, tolerance });
    last = { ...last, tolerance };
    if (!equal(mask, item.mask)) target.replace({ imageId: last.imageId, item }, mask);
    session.say(`Tolerance ${tolerance}. ${store.state.message.text}`);
    return true;
  }

  /** The mask that a region with this tolerance leaves. */
  function left(one) {
    const region = cut(one, one.tolerance);
    if (!one.before) return region;
    return one.subtracts ? difference(one.before, region) : union([one.before, region]);
  }

  return {
    name: 'wand',
    cursor: 'crosshair',
    hint: 'Wand: click a thing; drag sideways for more or less of it. Shift adds to the selected mask, Alt takes away.',
    down(point) {
      drop();
      const { image } = store.state;
      const pixel = [Math.floor(point.x), Math.floor(point.y)];
      const isInside = pixel[0] >= 0 && pixel[1] >= 0 && pixel[0] < image.width && pixel[1] < image.height;
      const works = isInside ? targetOf(point) : null;
      if (!works) return;
      draft = { ...works, imageId: image.id, pixel, from: point, by: 0, released: false, at: performance.now() };
      const [x, y] = pixel;
      void question.put((signal) => assist.wand(image.id, { x, y }, signal), {
        meanwhile: MEANWHILE,
        then: arrived,
        failed: drop,
      });
    },
    move(points) {
      if (!draft) return;
      const moved = points.at(-1).stageX - draft.from.stageX;
      draft.by = Math.round(Math.sign(moved) * Math.max(0, Math.abs(moved) - SLOP_PX) * PER_PX);
      if (draft.map) preview();
    },
    up() {
      if (!draft) return;
      draft.released = true;
      if (draft.map) finish();
    },
    cancel: drop,
    busy: () => draft !== null,
    awaits: () => draft !== null,
    /** The size keys: more or less of the region that was found last. @param {1 | -1} step */
    resize: (step) => again(step),
    draw(context, viewport) {
      if (!draft?.shown) return;
      overlay.draw(context, viewport, draft.shown, store.state.image, lookOf(draft.subtracts).line);
      const { stageX, stageY } = draft.from;
      writeBeside(context, `tolerance ${toleranceOf(draft)}${draft.byModel ? '' : ', by colour'}`, [stageX, stageY]);
    },
  };
}

const clamped = (tolerance) => Math.min(Math.max(tolerance, 0), MOST);

const MEASURES_KEPT = 500;
let measures = 0;

/** From the click to the region, the server's part included. */
function measure(start) {
  if (start === undefined) return;
  if (++measures % MEASURES_KEPT === 0) performance.clearMeasures('mw-wand');
  performance.measure('mw-wand', { start });
}
