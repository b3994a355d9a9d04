/** Chords as people write them, made into those that `chordOf` gives. */

const MODIFIERS = { ctrl: 'Ctrl', control: 'Ctrl', cmd: 'Ctrl', command: 'Ctrl', meta: 'Ctrl', alt: 'Alt', option: 'Alt', shift: 'Shift' };
const IN_ORDER = ['Ctrl', 'Alt', 'Shift'];
const NAMES = [
  ...['Space', 'Tab', 'Enter', 'Escape', 'Backspace', 'Delete', 'Insert', 'Home', 'End', 'PageUp', 'PageDown'],
  ...['ArrowLeft', 'ArrowRight', 'ArrowUp', 'ArrowDown', 'ContextMenu', 'Pause', 'PrintScreen', 'ScrollLock'],
  ...['Clear', 'Help', 'Undo', 'Redo', 'Copy', 'Cut', 'Paste', 'Find', 'Dead', 'Compose', 'Convert', 'NonConvert'],
  ...Array.from({ length: 24 }, (_, index) => `F${index + 1}`),
];
const KEYS = new Map([
  ...NAMES.map((name) => [name.toLowerCase(), name]),
  ...Object.entries({ ' ': 'Space', esc: 'Escape', del: 'Delete', return: 'Enter', ins: 'Insert', plus: '+' }),
  // The capital of ß.
  ['ss', 'SS'],
  ...['left', 'right', 'up', 'down'].map((side) => [side, `Arrow${side[0].toUpperCase()}${side.slice(1)}`]),
]);
// Extra keys of a keyboard, named as browsers name them.
const EXTRA = /^(Audio|Media|Browser|Launch)[A-Za-z0-9]{1,30}$/;

/**
 * @param {unknown} text such as "ctrl+shift+z" or "?"
 * @returns {string | null} "Ctrl+Shift+Z"; null where no press gives it
 */
export function spelledChord(text) {
  if (typeof text !== 'string') return null;
  const [, before, last] = /^(.*\+)?(\+|[^+]+)$/s.exec(text) ?? [];
  if (last === undefined) return null;
  const parts = (before ?? '').split('+').slice(0, -1).map((part) => MODIFIERS[part.trim().toLowerCase()]);
  const key = keyOf(last);
  if (key === null || parts.includes(undefined)) return null;
  // Shift is in such a character already.
  if (parts.includes('Shift') && key.length === 1 && !/\p{L}/u.test(key)) return null;
  return [...IN_ORDER.filter((one) => parts.includes(one)), key].join('+');
}

function keyOf(text) {
  const name = text === ' ' ? text : text.trim();
  if ([...name].length === 1 && name !== ' ') return name.toUpperCase();
  return KEYS.get(name.toLowerCase()) ?? (EXTRA.test(name) ? name : null);
}
