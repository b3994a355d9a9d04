/**
 * What the pointers over the stage do: pan, pinch, draw with the tool that is taken, or click.
 *
 * A mouse or a pen draws at once; a finger once it moves, so that a second one can still make it a pinch. A pen takes
 * over from the palm that came down before it. Without a tool one finger pans. The middle button and a drag with Space
 * held pan whatever is taken.
 * @typedef {{x: number, y: number, stageX: number, stageY: number, shift: boolean, alt: boolean, ctrl: boolean,
 *   pressure: number, pointerType: string}} Point x, y in photo coordinates as floats: pixel (i, j) covers
 *   [i, i+1) × [j, j+1)
 * @typedef {object} Tool
 * @property {string} name
 * @property {string} cursor
 * @property {(point: Point) => void} [down]
 * @property {(points: Point[]) => void} [move] while pressed; coalesced points, the newest last
 * @property {(point: Point) => void} [up]
 * @property {(point: Point | null) => void} [hover] not pressed; null: left the stage
 * @property {() => void} [cancel] Escape, or another tool is taken; the draft is thrown away
 * @property {() => boolean} [confirm] Enter; true when it did something
 * @property {(context: CanvasRenderingContext2D, viewport: import('./viewport.mjs').Viewport) => void} [draw] its
 *   unfinished work on the draft layer, in CSS pixels
 * @property {(delta: number) => void} [wheel] turned with Shift held: CSS pixels, downwards positive
 * @property {string} [hint] one line for the message bar while it is taken
 */

const CLICK_SLOP_PX = 4;
const DRAWS = { mouse: 'stroke', pen: 'stroke', touch: 'finger' };
const MAIN_BUTTON = 0;
const MIDDLE_BUTTON = 1;

/**
 * @param {HTMLElement} element the stage
 * @param {object} does
 * @param {() => Tool | null} does.toolNow
 * @param {(event: {clientX: number, clientY: number}) => Point} does.pointOf
 * @param {(byX: number, byY: number) => void} does.pan in CSS pixels
 * @param {(factor: number, at: [number, number]) => void} does.zoomAt
 * @param {(point: Point) => void} does.click without a tool
 * @param {() => Tool | null} does.band what a drag without a tool works with; null: nothing
 * @param {(point: Point, busy: boolean) => void} does.over the pointer is here; busy: it does something meanwhile
 * @param {() => void} does.out it left the stage
 */
export function listenToPointers(element, { toolNow, pointOf, pan, zoomAt, click, band, over, out }) {
  const fingers = new Map();
  let gesture = null;
  let spaceHeld = false;
  let spaceDragged = false;

  /** What a press begins; the tool that began a stroke keeps it to its end. */
  function begun(event, point) {
    const place = { id: event.pointerId, from: point, at: point, tool: toolNow(), moved: false };
    if (event.button === MIDDLE_BUTTON || spaceHeld) return { ...place, kind: 'pan' };
    if (place.tool) return { ...place, kind: DRAWS[event.pointerType] ?? 'stroke' };
    return { ...place, kind: event.pointerType === 'touch' ? 'touch' : 'click' };
  }

  element.addEventListener('pointerdown', (event) => {
    if (event.button !== MAIN_BUTTON && event.button !== MIDDLE_BUTTON) return;
    event.preventDefault();
    element.closest('.mw-root').focus({ preventScroll: true });
    element.setPointerCapture(event.pointerId);
    const point = pointOf(event);
    if (event.pointerType === 'pen') giveUp();
    if (event.pointerType === 'touch') fingers.set(event.pointerId, point);
    if (fingers.size === 2 && gesture && gesture.kind !== 'stroke') gesture = { kind: 'pinch', ...pinchOf(fingers) };
    if (gesture) return;
    spaceDragged ||= spaceHeld;
    gesture = begun(event, point);
    if (gesture.kind === 'stroke') gesture.tool.down?.(point);
  });

  element.addEventListener('pointermove', (event) => {
    const point = pointOf(event);
    if (fingers.has(event.pointerId)) fingers.set(event.pointerId, point);
    if (gesture?.kind === 'pinch') pinch();
    else if (gesture?.id === event.pointerId) drag(event, point);
    else if (!gesture) toolNow()?.hover?.(point);
    over(point, gesture !== null && (gesture.moved || gesture.kind === 'stroke'));
  });

  function drag(event, point) {
    const { from, at } = gesture;
    gesture.moved ||= Math.hypot(point.stageX - from.stageX, point.stageY - from.stageY) > CLICK_SLOP_PX;
    gesture.at = point;
    if (gesture.kind === 'click' && gesture.moved) gesture.tool = band();
    if ((gesture.kind === 'finger' || gesture.kind === 'click') && gesture.moved && gesture.tool) {
      gesture.kind = 'stroke';
      gesture.tool.down?.(from);
    }
    const pans = gesture.kind === 'pan' || (gesture.kind === 'touch' && gesture.moved);
    if (pans) pan(point.stageX - at.stageX, point.stageY - at.stageY);
    if (gesture.kind === 'stroke') gesture.tool.move?.(coalesced(event).map(pointOf));
  }

  function pinch() {
    if (fingers.size < 2) return;
    const { apart, middle } = pinchOf(fingers);
    pan(middle[0] - gesture.middle[0], middle[1] - gesture.middle[1]);
    if (apart > 0 && gesture.apart > 0) zoomAt(apart / gesture.apart, middle);
    Object.assign(gesture, { apart, middle });
  }

  element.addEventListener('pointerup', (event) => {
    const point = pointOf(event);
    fingers.delete(event.pointerId);
    if (gesture?.id === event.pointerId) finish(point);
    else if (gesture?.kind === 'pinch' && fingers.size === 0) gesture = null;
    over(point, gesture !== null);
  });

  function finish(point) {
    const { kind, moved, from, tool } = gesture;
    gesture = null;
    if (kind === 'finger') tool.down?.(from);
    if (kind === 'finger' || kind === 'stroke') tool.up?.(point);
    if ((kind === 'click' || kind === 'touch') && !moved) click(point);
  }

  element.addEventListener('pointercancel', (event) => {
    fingers.delete(event.pointerId);
    if (gesture?.id === event.pointerId || gesture?.kind === 'pinch') giveUp();
  });

  function giveUp() {
    if (gesture?.kind === 'stroke') gesture.tool.cancel?.();
    gesture = null;
  }

  element.addEventListener('pointerleave', () => {
    if (gesture) return;
    toolNow()?.hover?.(null);
    out();
  });

  return {
    /** Whether a press is under way. */
    get busy() {
      return gesture !== null;
    },
    /** While Space is held a drag pans. @param {boolean} held @returns {boolean} at the release: whether one did */
    holdSpace(held) {
      if (held && !spaceHeld) spaceDragged = false;
      spaceHeld = held;
      element.classList.toggle('mw-pans', held);
      return spaceDragged;
    },
  };
}

/** The moves since the last frame; a browser tells them on trusted addresses only. */
function coalesced(event) {
  const all = event.getCoalescedEvents?.() ?? [];
  return all.length > 0 ? all : [event];
}

function pinchOf(fingers) {
  const [a, b] = [...fingers.values()];
  return {
    apart: Math.hypot(a.stageX - b.stageX, a.stageY - b.stageY),
    middle: [(a.stageX + b.stageX) / 2, (a.stageY + b.stageY) / 2],
  };
}
