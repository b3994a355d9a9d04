/** Keys on the page's root, or on no element at all, become commands; what is typed into a text box stays there. */
import { labelKeys } from '../labels/keys.mjs';
import { underWay } from '../truth/underway.mjs';
import { chordOf, chordsOf, isModifier } from './chords.mjs';
import { passesOver } from './commands.mjs';

/**
 * @param {HTMLElement} root
 * @param {{store: ReturnType<typeof import('../truth/state.mjs').createStore>, bindings: ReturnType<typeof
 *   import('./bindings.mjs').createBindings>, commands: Record<string, (argument?: any) => unknown>,
 *   stage: {pointer: () => [number, number] | null, holdSpace: (held: boolean) => boolean},
 *   isHelpOpen: () => boolean, isDrawing?: () => boolean}} parts `isDrawing`: a drawing is unfinished
 */
export function listenToKeys(root, { store, bindings, commands, stage, isHelpOpen, isDrawing = () => false }) {
  let deferHeldBy = /** @type {string | null} */ (null);

  root.addEventListener('keydown', onKey);
  // After a press on nothing in particular no element has the focus, in an open dialog too.
  root.ownerDocument.addEventListener('keydown', (event) => {
    if (isNowhere(event.target) && !root.ownerDocument.querySelector('dialog[open]')) onKey(event);
  });

  function onKey(event) {
    if (event.isComposing || isModifier(event)) return;
    if (comesBack(event)) {
      event.preventDefault();
      toCanvas();
      return;
    }
    const wanted = wantedBy(event);
    if (!wanted || !isOurs(event, wanted)) return;
    event.preventDefault();
    // A command key must not also reach the page around us, where it may mean something else.
    event.stopPropagation();
    toCanvas();
    if (wanted.action === 'defer' && event.key === ' ') hold(event);
    else if (!event.repeat || goesOn(wanted)) commands[wanted.action](wanted.argument);
  }

  const isNowhere = (target) => target === root.ownerDocument.body || target === root.ownerDocument.documentElement;
  const toCanvas = () => root.focus({ preventScroll: true });

  /** Escape on a control that has no use for it. */
  function comesBack({ key, target }) {
    return key === 'Escape' && target !== root && !isNowhere(target) && !isHelpOpen() && !target.closest(TYPED_INTO);
  }

  root.addEventListener('keyup', (event) => {
    if (deferHeldBy === null || event.code !== deferHeldBy) return;
    deferHeldBy = null;
    if (!stage.holdSpace(false) && event.target === root) commands.defer();
  });

  function hold(event) {
    deferHeldBy = event.code;
    stage.holdSpace(true);
  }

  /** The row of the table, or the label, that the press means; commands that the page does not have count not. */
  function wantedBy(event) {
    const chords = chordsOf(event);
    const click = heldClick(event);
    if (click) return click;
    const row = bindings.find(chords);
    if (row && row.action in commands) return row;
    const keys = labelKeys(store.state.workspace?.categories ?? []);
    const category = chords.map((chord) => keys.get(chord)).find(Boolean);
    return category && { action: 'label', argument: category.id };
  }

  /** With a tool the crosshair's key clicks with Shift held, as the pointer does; Alt is held to move it. */
  function heldClick({ key, code, ctrlKey, metaKey, altKey, shiftKey: shift }) {
    const { tool, crosshair } = store.state;
    if (tool === 'select' || crosshair === null || ctrlKey || metaKey || altKey || !shift) return null;
    const bare = { key, code, ctrlKey: false, metaKey: false, shiftKey: false, altKey: false };
    const isClick = bindings.find(chordsOf(bare))?.action === 'clickCrosshair';
    return isClick ? { action: 'clickCrosshair', argument: { shift } } : null;
  }

  /** A key that is held goes as fast as photos open and undos are answered, and stops with the hand. */
  const goesOn = ({ action }) =>
    REPEATS.has(action) && underWay(store.state) === null && !(passesOver(action) && isDrawing());

  function isOurs(event, wanted) {
    if (isHelpOpen()) return false;
    if (event.target.closest(TYPED_INTO)) return false;
    if (event.target === root) return !NEEDS_POINTER.has(wanted.action) || stage.pointer() !== null;
    if (isNowhere(event.target)) return !NEEDS_POINTER.has(wanted.action);
    // On a focused button or slider the keys that work it are its own.
    return !/^(Space|Enter|Tab|Shift\+Tab|Arrow\w+|Page\w+|Home|End|Escape)$/.test(chordOf(event));
  }
}

export const TYPED_INTO = 'input:not([type=range], [type=checkbox], [type=radio]), textarea, select, [contenteditable], dialog';

// Held down, these go on; the others act once a press.
const REPEATS = new Set([
  'nextMask',
  'previousMask',
  'nextAlternate',
  'previousAlternate',
  'nextImage',
  'previousImage',
  'zoomIn',
  'zoomOut',
  'higherThreshold',
  'lowerThreshold',
  'smallerBrush',
  'largerBrush',
  'moveCrosshair',
  'undo',
  'redo',
]);
const NEEDS_POINTER = new Set(['nextAlternate', 'previousAlternate']);
