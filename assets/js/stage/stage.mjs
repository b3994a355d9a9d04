/** The middle of the page: paints what the state says and turns pointers into photo pixels, clicks and strokes. */
import { h } from '../page/dom.mjs';
import { createCamera } from './camera.mjs';
import { createCrosshair } from './crosshair.mjs';
import { createHover } from './hover.mjs';
import { createLoop, createSettling, whenIdle } from './loop.mjs';
import { createMinimap } from './minimap.mjs';
import { LAYERS, MASK_LAYERS, createPainter } from './paint.mjs';
import { lacksPixels } from './photo.mjs';
import { listenToPointers } from './pointer.mjs';
import { isHidden, pick, selected, shownProposals } from '../truth/pick.mjs';
import { toPhoto, toPhotoPoint, transformBetween } from './viewport.mjs';
import { VIEWS } from '../truth/views.mjs';

const WHEEL_SPEED = 0.0015;

/** @typedef {import('./pointer.mjs').Point} Point @typedef {import('./pointer.mjs').Tool} Tool */

// What each layer shows of the state.
const TRUTH = ['image', 'categories', 'view', 'opacity', 'masksShown', 'hidden', 'isolated', 'outlines', 'palette'];
const PROPOSALS = ['image', 'categories', 'threshold', 'masksShown', 'hidden', 'isolated', 'outlines', 'palette'];
const DRAFT = ['crosshair', 'draft', 'tool', 'brushSize'];

/**
 * @param {ReturnType<typeof import('../truth/state.mjs').createStore>} store
 * @param {{select: (keys: string[]) => void, onPainted: (state: import('../truth/state.mjs').State) => void,
 *   onBlurred?: () => void, toolNow?: () => Tool | null, band?: () => Tool | null}} hooks `onBlurred`: the photo is
 *   painted larger than its pictures are; `toolNow`: null for the select tool, which is the stage's own; `band`: what
 *   a drag with that draws
 */
export function createStage(
  store,
  { select, onPainted, onBlurred = () => {}, toolNow = () => null, band = () => null },
) {
  const canvases = Object.fromEntries(LAYERS.map((name) => [name, h('canvas', { class: 'mw-layer' })]));
  canvases.highlight.setAttribute('role', 'img');
  const masks = h('div', { class: 'mw-layer' }, MASK_LAYERS.map((name) => canvases[name]));
  const painter = createPainter(canvases);
  const camera = createCamera(() => store.state.image, looked);
  const minimap = createMinimap(store, camera);
  let pointer = null;
  // The viewport that the masks were painted for; until they are again they are moved as a picture.
  let paintedFor = null;

  const pixelAt = (x, y) => toPhoto(camera.viewport, x, y);
  const hover = createHover(store, { pixelAt, size: camera.size, paint: paintHover });
  const element = h('div', { class: 'mw-stage' }, [
    canvases.photo,
    masks,
    canvases.draft,
    hover.tag,
    minimap.element,
  ]);
  const loop = createLoop(
    {
      photo: paintPhoto,
      truth: () => painter.truth(store.state),
      proposals: () => painter.proposals(store.state),
      highlight: () => painter.highlight(store.state, highlighted(store.state)),
      hover: paintHover,
      draft: () => painter.draft(store.state, camera.viewport, toolNow() ?? band()),
    },
    { begin: place, painted },
  );
  const settle = createSettling(() => {
    loop.now(...MASK_LAYERS);
    if (!pointers.busy && !toolNow()) hover.again();
  });

  function looked() {
    minimap.update();
    masks.style.transform = paintedFor ? transformBetween(paintedFor, camera.viewport) : '';
    loop.due('photo', 'draft');
    settle();
  }

  /** All masks are of one viewport: if one layer is painted for another, all are. */
  function place(layers) {
    const stale = paintedFor !== camera.viewport && MASK_LAYERS.some((name) => layers.has(name));
    if (!stale) return;
    paintedFor = camera.viewport;
    masks.style.transform = '';
    painter.place(store.state, paintedFor);
    for (const name of MASK_LAYERS) layers.add(name);
  }

  function painted(layers) {
    if (!layers.has('truth')) return;
    onPainted(store.state);
    whenIdle(() => prepareViews(store.state, VIEWS));
  }

  /** The other views one by one, so that a switch finds its picture ready; a newer truth makes it pointless. */
  function prepareViews(state, [view, ...rest]) {
    if (!state.image || store.state.image !== state.image || loop.isDue) return;
    painter.prepareTruth(store.state, view);
    if (rest.length > 0) whenIdle(() => prepareViews(state, rest));
  }

  function paintPhoto() {
    painter.photo(store.state, camera.viewport);
    if (lacksPixels(store.state.photo, camera.viewport.scale * camera.ratio)) onBlurred();
  }

  function paintHover() {
    painter.hover(store.state.selection.includes(hover.item?.key) ? null : hover.item);
  }

  /** @returns {Point} */
  function pointOf({ clientX, clientY, shiftKey, altKey, ctrlKey, metaKey, pressure = 0.5, pointerType = 'mouse' }) {
    const box = element.getBoundingClientRect();
    const [stageX, stageY] = [clientX - box.left, clientY - box.top];
    const [x, y] = toPhotoPoint(camera.viewport, stageX, stageY);
    const held = { shift: shiftKey, alt: altKey, ctrl: ctrlKey || metaKey };
    return { x, y, stageX, stageY, ...held, pressure, pointerType };
  }

  /** The middle of a photo pixel, as if it had been clicked. @param {[number, number]} pixel @returns {Point} */
  function pointAt([column, row]) {
    const { scale, left, top } = camera.viewport;
    const [x, y] = [column + 0.5, row + 0.5];
    const held = { shift: false, alt: false, ctrl: false };
    return { x, y, stageX: left + x * scale, stageY: top + y * scale, ...held, pressure: 0.5, pointerType: 'keyboard' };
  }

  function click({ x, y, shift }) {
    if (!store.state.image) return;
    const found = pick(store.state, Math.floor(x), Math.floor(y));
    const { selection } = store.state;
    const without = selection.filter((key) => key !== found?.key);
    if (!shift) select(found ? [found.key] : []);
    else if (found) select(without.length < selection.length ? without : [...selection, found.key]);
  }

  /** @param {[number, number] | null} at a point of the stage */
  function setPointer(at, busy = false) {
    pointer = at;
    if (at === null || busy || toolNow()) hover.out();
    else hover.over(at);
  }

  const crosshair = createCrosshair(store, {
    toolNow,
    middle: camera.middlePixel,
    reveal: camera.reveal,
    pointAt,
    click,
    over: ({ stageX, stageY }) => setPointer([stageX, stageY]),
  });
  const pointers = listenToPointers(element, {
    toolNow,
    pointOf,
    pan: camera.pan,
    zoomAt: camera.zoom,
    click,
    band,
    over: ({ stageX, stageY }, busy) => {
      crosshair.hide();
      setPointer([stageX, stageY], busy);
    },
    out: () => hover.out(),
  });
  const onWheel = (event) => {
    event.preventDefault();
    const tool = toolNow();
    if (event.shiftKey && tool?.wheel) {
      // Browsers turn a wheel with Shift held sideways.
      tool.wheel(event.deltaY || event.deltaX);
      return;
    }
    const { stageX, stageY } = pointOf(event);
    if (store.state.image) camera.zoom(Math.exp(-event.deltaY * WHEEL_SPEED), [stageX, stageY]);
  };
  element.addEventListener('wheel', onWheel, { passive: false });

  onResize(element, (size, device) => {
    painter.resize(device, device.width / size.width);
    paintedFor = null;
    camera.resize(size, device.width / size.width);
    loop.due(...LAYERS);
  });

  store.subscribe((state, before) => {
    const changed = (...names) => names.some((name) => state[name] !== before[name]);
    const isOther = state.image?.id !== before.image?.id;
    if (isOther) openOther(state);
    if (changed('photo')) loop.due('photo');
    if (changed('photo', 'image', 'minimap')) minimap.update();
    if (changed('brightness', 'contrast')) canvases.photo.style.filter = filterOf(state);
    if (changed('tool')) element.style.cursor = toolNow()?.cursor ?? '';
    if (changed(...DRAFT)) loop.due('draft');
    const isolates = state.isolated && changed('selection');
    const truthChanged = changed(...TRUTH) || isolates;
    const proposalsChanged = changed(...PROPOSALS) || isolates;
    if (truthChanged) loop.due('truth');
    if (proposalsChanged) loop.due('proposals');
    if (changed('marked')) loop.due('highlight');
    if (truthChanged || proposalsChanged || changed('selection')) {
      if (pointers.busy || toolNow()) hover.out();
      else hover.again();
      loop.due('highlight', 'hover');
    }
    if (changed('view') && state.image && !isOther) loop.now();
    if (state.image && changed('image')) canvases.highlight.setAttribute('aria-label', describe(state));
  });

  function openOther(state) {
    paintedFor = null;
    if (state.image) camera.fit();
    loop.due(...LAYERS);
  }

  return {
    element,
    crosshair,
    fit: camera.fit,
    fullSize: () => camera.fullSize(pointer ?? undefined),
    reveal: camera.reveal,
    centre: camera.centre,
    setPointer,
    pointAt,
    holdSpace: pointers.holdSpace,
    zoom: (factor) => camera.zoom(factor, pointer ?? undefined),
    /** The photo pixel under the crosshair, or that the pointer was over last, or null. */
    pointer: () => store.state.crosshair ?? (pointer && pixelAt(...pointer)),
    /** The tool's unfinished work is drawn again in the next frame. */
    repaintDraft: () => loop.due('draft'),
    get viewport() {
      return camera.viewport;
    },
  };
}

/** @param {(css: {width: number, height: number}, device: {width: number, height: number}) => void} resized */
function onResize(element, resized) {
  const observer = new ResizeObserver(([{ contentRect, devicePixelContentBoxSize }]) => {
    const { width, height } = contentRect;
    if (width === 0 || height === 0) return;
    const ratio = window.devicePixelRatio;
    const [exact] = devicePixelContentBoxSize ?? [];
    const device = exact
      ? { width: exact.inlineSize, height: exact.blockSize }
      : { width: Math.round(width * ratio), height: Math.round(height * ratio) };
    resized({ width, height }, device);
  });
  try {
    observer.observe(element, { box: 'device-pixel-content-box' });
  } catch {
    observer.observe(element); // Safari does not tell device pixels
  }
}

function filterOf({ brightness, contrast }) {
  return brightness === 1 && contrast === 1 ? '' : `brightness(${brightness}) contrast(${contrast})`;
}

/** What is selected and not hidden, and the region that a check or a jump points at. */
function highlighted(state) {
  const items = selected(state).filter(({ key }) => !isHidden(state, key));
  return state.marked ? [...items, state.marked] : items;
}

function describe(state) {
  const { segments, file_name } = state.image;
  return `${file_name}: ${segments.length} segments, ${shownProposals(state).length} proposals in sight`;
}
