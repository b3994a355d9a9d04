/** The middle of the page: paints what the state says and turns the pointer into photo pixels and commands. */
import { h } from './dom.mjs';
import { LAYERS, createPainter } from './paint.mjs';
import { nameOf, pick, selected, shownProposals } from './pick.mjs';
import { fitted, moved, revealing, toPhoto, zoomed } from './viewport.mjs';
import { VIEWS } from './views.mjs';

const WHEEL_SPEED = 0.0015;
const CLICK_SLOP_PX = 4;
const TAG_OFFSET_PX = 14;

/**
 * @param {ReturnType<typeof import('./state.mjs').createStore>} store
 * @param {{select: (keys: string[]) => void, onPainted: (state: import('./state.mjs').State) => void}} hooks
 */
export function createStage(store, { select, onPainted }) {
  const canvases = Object.fromEntries(LAYERS.map((name) => [name, h('canvas', { class: 'mw-layer' })]));
  canvases.highlight.setAttribute('role', 'img');
  const tag = h('div', { class: 'mw-tag', hidden: true });
  const element = h('div', { class: 'mw-stage' }, [...Object.values(canvases), tag]);
  const painter = createPainter(canvases);
  const size = { width: 1, height: 1 };
  let viewport = { scale: 1, left: 0, top: 0 };
  let isFitted = true;
  let pointer = null;
  let inside = false;
  let hovered = null;
  let drag = null;
  let spaceHeld = false;
  let spaceDragged = false;
  const dirty = new Set();

  const photoSize = () => store.state.image ?? size;
  const onStage = (event) => {
    const box = element.getBoundingClientRect();
    return [event.clientX - box.left, event.clientY - box.top];
  };
  const underPointer = () => {
    const [x, y] = pointer ? toPhoto(viewport, ...pointer) : [-1, -1];
    return store.state.image ? pick(store.state, x, y) : null;
  };

  function repaint(...layers) {
    if (dirty.size === 0) requestAnimationFrame(paintDirty);
    for (const layer of layers) dirty.add(layer);
  }

  function paintDirty() {
    const layers = [...dirty];
    dirty.clear();
    for (const layer of layers) {
      if (layer === 'highlight') paintHighlight();
      else painter[layer](store.state, viewport);
    }
    if (layers.includes('truth')) {
      onPainted(store.state);
      whenIdle(() => prepareViews(store.state, VIEWS));
    }
  }

  /** The other views one by one, so that a switch finds its picture ready; a newer truth makes it pointless. */
  function prepareViews(state, [view, ...rest]) {
    if (!state.image || store.state.image !== state.image || dirty.size > 0) return;
    painter.prepareTruth(store.state, view);
    if (rest.length > 0) whenIdle(() => prepareViews(state, rest));
  }

  function paintHighlight() {
    const isSelected = store.state.selection.includes(hovered?.key);
    painter.highlight(selected(store.state), isSelected ? null : hovered, viewport);
  }

  function look(next, { fit = false } = {}) {
    if (next === viewport) return;
    viewport = next;
    isFitted = fit;
    painter.forgetHighlight();
    repaint(...LAYERS);
  }

  function hover() {
    const from = performance.now();
    const found = drag?.moved ? null : underPointer();
    if (found?.key !== hovered?.key) {
      hovered = found;
      paintHighlight();
    }
    showTag();
    measureHover(from);
  }

  function showTag() {
    tag.hidden = hovered === null;
    if (hovered === null) return;
    const score = hovered.kind === 'proposal' ? ` · ${Math.round(hovered.score * 100)} %` : '';
    tag.textContent = nameOf(store.state, hovered) + score;
    const [x, y] = pointer;
    const left = x > size.width - 180 ? x - TAG_OFFSET_PX - tag.offsetWidth : x + TAG_OFFSET_PX;
    const top = y > size.height - 60 ? y - TAG_OFFSET_PX - 24 : y + TAG_OFFSET_PX;
    tag.style.transform = `translate(${Math.round(left)}px, ${Math.round(top)}px)`;
  }

  function click(event) {
    const found = underPointer();
    const { selection } = store.state;
    const without = selection.filter((key) => key !== found?.key);
    if (!event.shiftKey) select(found ? [found.key] : []);
    else if (found) select(without.length < selection.length ? without : [...selection, found.key]);
  }

  element.addEventListener('pointerdown', (event) => {
    if (event.button > 1) return;
    event.preventDefault();
    element.closest('.mw-root').focus({ preventScroll: true });
    element.setPointerCapture(event.pointerId);
    spaceDragged ||= spaceHeld;
    drag = { from: onStage(event), at: onStage(event), pans: event.button === 1 || spaceHeld, moved: false };
  });
  element.addEventListener('pointermove', (event) => {
    pointer = onStage(event);
    inside = true;
    if (drag) {
      const [x, y] = pointer;
      drag.moved ||= Math.hypot(x - drag.from[0], y - drag.from[1]) > CLICK_SLOP_PX;
      if (drag.pans) look(moved(viewport, x - drag.at[0], y - drag.at[1]));
      drag.at = pointer;
    }
    hover();
  });
  element.addEventListener('pointerup', (event) => {
    pointer = onStage(event);
    if (drag && !drag.pans && !drag.moved) click(event);
    drag = null;
    hover();
  });
  element.addEventListener('pointercancel', () => (drag = null));
  element.addEventListener('pointerleave', () => {
    inside = false;
    if (drag) return;
    hovered = null;
    showTag();
    paintHighlight();
  });
  const onWheel = (event) => {
    event.preventDefault();
    if (!store.state.image) return;
    look(zoomed(viewport, Math.exp(-event.deltaY * WHEEL_SPEED), onStage(event), photoSize(), size));
  };
  element.addEventListener('wheel', onWheel, { passive: false });

  const fit = () => look(fitted(photoSize(), size), { fit: true });
  new ResizeObserver(([{ contentRect }]) => {
    Object.assign(size, { width: contentRect.width, height: contentRect.height });
    painter.resize(size, window.devicePixelRatio);
    if (isFitted) fit();
    repaint(...LAYERS);
  }).observe(element);

  store.subscribe((state, before) => {
    if (state.image?.id !== before.image?.id && state.image) fit();
    if (state.photo !== before.photo) repaint('photo');
    const truthChanged = ['image', 'categories', 'view', 'opacity', 'masksShown', 'hidden'].some(changed);
    const proposalsChanged = ['image', 'categories', 'threshold', 'masksShown', 'hidden'].some(changed);
    if (truthChanged) repaint('truth');
    if (proposalsChanged) repaint('proposals');
    if (truthChanged || proposalsChanged || changed('selection')) {
      hovered = drag || !inside ? null : underPointer();
      showTag();
      repaint('highlight');
    }
    if (state.image && changed('image')) canvases.highlight.setAttribute('aria-label', describe(state));
    function changed(name) {
      return state[name] !== before[name];
    }
  });

  return {
    element,
    fit,
    zoom: (factor) => look(zoomed(viewport, factor, pointer ?? [size.width / 2, size.height / 2], photoSize(), size)),
    reveal: (box) => look(revealing(viewport, box, size)),
    /** The photo pixel that the pointer was over last, or null. */
    pointer: () => pointer && toPhoto(viewport, ...pointer),
    /** While Space is held a drag pans. @returns {boolean} at the release: whether there was a drag */
    holdSpace(held) {
      if (held && !spaceHeld) spaceDragged = false;
      spaceHeld = held;
      element.classList.toggle('mw-pans', held);
      return spaceDragged;
    },
  };
}

/** Safari has no idle callback. */
function whenIdle(run) {
  if (window.requestIdleCallback) window.requestIdleCallback(run);
  else setTimeout(run, 50);
}

function describe(state) {
  const { segments, file_name } = state.image;
  return `${file_name}: ${segments.length} segments, ${shownProposals(state).length} proposals in sight`;
}

const HOVERS_KEPT = 2000;
let hovers = 0;

function measureHover(from) {
  if (++hovers % HOVERS_KEPT === 0) performance.clearMeasures('mw-hover');
  performance.measure('mw-hover', { start: from });
}
