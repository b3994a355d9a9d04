/** How a pressed key is spelled: "Ctrl+Shift+Z", "?", "PageUp". */

const NAMED = { ' ': 'Space', Del: 'Delete', Esc: 'Escape' };
const MODIFIERS = new Set(['Control', 'Shift', 'Alt', 'AltGraph', 'Meta', 'CapsLock', 'NumLock', 'Fn', 'OS']);

// The US layout's keys whose two characters are no letter: code, plain, with Shift.
const US = {
  Backquote: '`~',
  Minus: '-_',
  Equal: '=+',
  BracketLeft: '[{',
  BracketRight: ']}',
  Backslash: '\\|',
  Semicolon: ';:',
  Quote: '\'"',
  Comma: ',<',
  Period: '.>',
  Slash: '/?',
};
const US_SHIFTED_DIGITS = ')!@#$%^&*(';

/**
 * @typedef {object} Press the part of a KeyboardEvent that counts
 * @property {string} key
 * @property {string} [code]
 * @property {boolean} ctrlKey
 * @property {boolean} metaKey
 * @property {boolean} altKey
 * @property {boolean} shiftKey
 * @property {(name: string) => boolean} [getModifierState]
 */

/**
 * The chord by the character that the key gives; Shift is named with letters and named keys only, because it is
 * already in "?" and "+". The Mac's command key counts as Ctrl. AltGr is part of the character.
 * @param {Press} event
 * @returns {string}
 */
export function chordOf(event) {
  const key = NAMED[event.key] ?? (event.key.length === 1 ? event.key.toUpperCase() : event.key);
  const namesShift = key.length > 1 || /\p{L}/u.test(key);
  return spelled(event, key, namesShift);
}

/**
 * The chords that a press may mean, the likeliest first: by its character, then by its place on a US keyboard, so
 * that "[" and Cyrillic or French keyboards work too.
 * @param {Press} event
 * @returns {string[]}
 */
export function chordsOf(event) {
  const placed = usKey(event);
  const chords = [chordOf(event)];
  if (placed) chords.push(spelled(event, placed, /^[A-Z]$/.test(placed)));
  return [...new Set(chords)];
}

/** Whether only a modifier is down yet. @param {Press} event */
export function isModifier(event) {
  return MODIFIERS.has(event.key);
}

function spelled(event, key, namesShift) {
  const altGr = event.getModifierState?.('AltGraph') ?? false;
  return [
    ((event.ctrlKey && !altGr) || event.metaKey) && 'Ctrl',
    event.altKey && !altGr && 'Alt',
    event.shiftKey && namesShift && 'Shift',
    key,
  ]
    .filter(Boolean)
    .join('+');
}

function usKey({ code = '', shiftKey }) {
  const [, letter] = /^Key([A-Z])$/.exec(code) ?? [];
  if (letter) return letter;
  const [, digit] = /^Digit(\d)$/.exec(code) ?? [];
  if (digit) return shiftKey ? US_SHIFTED_DIGITS[Number(digit)] : digit;
  return US[code]?.[shiftKey ? 1 : 0];
}
