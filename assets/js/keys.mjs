/** The keys of the Annotate page, as data: the listener, the help and the buttons all read this one table. */

/** @typedef {{action: string, keys: string[], does: string, group: string, argument?: number}} Binding */

const DIGITS = ['1', '2', '3', '4', '5', '6', '7', '8', '9', '0'];

/** @type {readonly Binding[]} */
export const BINDINGS = Object.freeze([
  { action: 'accept', keys: ['A'], does: 'accept the selected proposal', group: 'Decide' },
  { action: 'reject', keys: ['X'], does: 'reject the selected proposal', group: 'Decide' },
  { action: 'defer', keys: ['Space'], does: 'decide later (tap)', group: 'Decide' },
  { action: 'acceptAll', keys: ['Shift+A'], does: 'accept all proposals in sight', group: 'Decide' },
  { action: 'remove', keys: ['Delete', 'Backspace'], does: 'delete the selected segment', group: 'Decide' },
  { action: 'merge', keys: ['J'], does: 'merge the selected masks', group: 'Decide' },
  { action: 'undo', keys: ['Ctrl+Z'], does: 'undo', group: 'Decide' },
  { action: 'redo', keys: ['Ctrl+Shift+Z', 'Ctrl+Y'], does: 'redo', group: 'Decide' },
  ...DIGITS.map((key, argument) => {
    return { action: 'digit', keys: [key], does: `label ${argument + 1}`, group: 'Label', argument };
  }),
  { action: 'search', keys: ['/'], does: 'find a label', group: 'Label' },
  { action: 'labelAgain', keys: ['L'], does: 'label with the last label used', group: 'Label' },
  { action: 'nextMask', keys: ['.'], does: 'next mask', group: 'Select' },
  { action: 'previousMask', keys: [','], does: 'previous mask', group: 'Select' },
  { action: 'nextAlternate', keys: ['Tab'], does: 'next mask under the pointer', group: 'Select' },
  { action: 'previousAlternate', keys: ['Shift+Tab'], does: 'previous mask under the pointer', group: 'Select' },
  { action: 'escape', keys: ['Escape'], does: 'clear the selection; again: leave the canvas', group: 'Select' },
  { action: 'raise', keys: ['PageUp'], does: 'raise the segment to the top', group: 'Select' },
  { action: 'lower', keys: ['PageDown'], does: 'lower the segment to the bottom', group: 'Select' },
  { action: 'nextView', keys: ['V'], does: 'next view: semantic, instance, panoptic', group: 'Look' },
  { action: 'toggleMasks', keys: ['T'], does: 'show or hide all masks', group: 'Look' },
  { action: 'toggleHidden', keys: ['H'], does: 'hide the selected mask; again: show hidden ones', group: 'Look' },
  { action: 'zoomIn', keys: ['+', '='], does: 'zoom in (or turn the wheel)', group: 'Look' },
  { action: 'zoomOut', keys: ['-'], does: 'zoom out', group: 'Look' },
  { action: 'fit', keys: ['Ctrl+0'], does: 'fit the photo', group: 'Look' },
  { action: 'nextImage', keys: ['D', 'ArrowRight'], does: 'next photo', group: 'Photos' },
  { action: 'previousImage', keys: ['S', 'ArrowLeft'], does: 'previous photo', group: 'Photos' },
  { action: 'doneAndNext', keys: ['Ctrl+Enter'], does: 'mark as done, go to the next', group: 'Photos' },
  { action: 'help', keys: ['?'], does: 'show these keys', group: 'Photos' },
]);

/** What a pointer does; shown in the help only. @type {readonly {keys: string[], does: string, group: string}[]} */
export const POINTER_HELP = Object.freeze([
  { keys: ['Click'], does: 'select the smallest mask there', group: 'Select' },
  { keys: ['Shift+Click'], does: 'add to or take from the selection', group: 'Select' },
  { keys: ['Space+drag', 'Middle button'], does: 'move the photo', group: 'Look' },
]);

const NAMED = { ' ': 'Space', Del: 'Delete', Esc: 'Escape' };

/**
 * A pressed key in the table's spelling, such as "Ctrl+Shift+Z"; Shift is named with letters and named keys only,
 * because it is already in "?" and "+". The Mac's command key counts as Ctrl.
 * @param {{key: string, ctrlKey: boolean, metaKey: boolean, altKey: boolean, shiftKey: boolean}} event
 * @returns {string}
 */
export function chordOf(event) {
  const key = NAMED[event.key] ?? (event.key.length === 1 ? event.key.toUpperCase() : event.key);
  const namesShift = key.length > 1 || /\p{L}/u.test(key);
  return [
    (event.ctrlKey || event.metaKey) && 'Ctrl',
    event.altKey && 'Alt',
    event.shiftKey && namesShift && 'Shift',
    key,
  ]
    .filter(Boolean)
    .join('+');
}

/** @param {readonly Binding[]} bindings @returns {Map<string, Binding>} by chord */
export function keyTable(bindings) {
  return new Map(bindings.flatMap((binding) => binding.keys.map((key) => [key, binding])));
}

/**
 * The keys of an action for people, such as "Ctrl+Z"; empty when it has none.
 * @param {string} action
 * @param {number} [argument]
 */
export function keyFor(action, argument) {
  const binding = BINDINGS.find((one) => one.action === action && one.argument === argument);
  return binding?.keys[0] ?? '';
}

/** The same in ARIA's spelling, for aria-keyshortcuts. @param {string} action @param {number} [argument] */
export function ariaKeys(action, argument) {
  const binding = BINDINGS.find((one) => one.action === action && one.argument === argument);
  return (binding?.keys ?? []).map((key) => key.replace('Ctrl', 'Control')).join(' ');
}
