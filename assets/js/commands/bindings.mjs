/** The keys in force: the table's, a preset's, or one's own. */
import { BINDINGS, keyTable, rowId } from './keys.mjs';
import { PRESETS } from './presets.mjs';
import { spelledChord } from './spelling.mjs';

// What buttons, tooltips and messages ask; a page has one keyboard.
let inForce = /** @type {readonly import('./keys.mjs').Binding[]} */ (BINDINGS);

/** The row of an action in force. @param {string} action @param {any} [argument] */
function rowOf(action, argument) {
  const id = rowId({ action, argument });
  return inForce.find((row) => rowId(row) === id);
}

/**
 * The key of an action for people, such as "Ctrl+Z"; empty when it has none.
 * @param {string} action
 * @param {any} [argument]
 */
export function keyFor(action, argument) {
  return rowOf(action, argument)?.keys[0] ?? '';
}

/** The same in ARIA's spelling, for aria-keyshortcuts. @param {string} action @param {any} [argument] */
export function ariaKeys(action, argument) {
  return (rowOf(action, argument)?.keys ?? []).map((key) => key.replace('Ctrl', 'Control')).join(' ');
}

/**
 * @param {ReturnType<typeof import('../session/preferences.mjs').createPreferences>} preferences
 */
export function createBindings(preferences) {
  const listeners = [];
  let table = new Map();
  let own = {};

  function settings() {
    const kept = preferences.get('keys', {});
    const preset = Object.hasOwn(PRESETS, kept?.preset) ? kept.preset : 'maskwright';
    return { preset, changed: kept?.changed ?? {}, former: kept?.former ?? null };
  }

  function refresh() {
    const { preset, changed } = settings();
    own = clean(changed);
    inForce = withKeys(withKeys(BINDINGS, PRESETS[preset].keys), own);
    table = keyTable(inForce);
    for (const listener of listeners) listener();
  }

  /** @param {Record<string, string[]>} changed by rowId */
  const keep = (changed, preset = settings().preset) => preferences.set('keys', { preset, changed });

  /** Takes keys over; one's own of before can be come back to. */
  function replace(changed, preset) {
    const { former, ...last } = settings();
    preferences.set('keys', { preset, changed, former: Object.keys(own).length > 0 ? last : former });
  }

  preferences.onChange((name) => name === 'keys' && refresh());
  refresh();
  return {
    rows: () => inForce,
    /** The row that one of these chords calls. @param {string[]} chords */
    find: (chords) => chords.map((chord) => table.get(chord)).find(Boolean),
    preset: () => settings().preset,
    isChanged: (id) => Object.hasOwn(own, id),
    anyChanged: () => Object.keys(own).length > 0,
    /** The row that has this chord already and is not `id`. @param {string} chord @param {string} id */
    clash: (chord, id) => inForce.find((row) => row.keys.includes(chord) && rowId(row) !== id),
    /** Gives a row its keys; they are taken from whoever had them. @param {string} id @param {string[]} keys */
    bind(id, keys) {
      const taken = inForce.filter((row) => rowId(row) !== id && row.keys.some((key) => keys.includes(key)));
      const rest = taken.map((row) => [rowId(row), row.keys.filter((key) => !keys.includes(key))]);
      keep({ ...own, ...Object.fromEntries(rest), [id]: [...new Set(keys)] });
    },
    /** Back to the preset's keys; a row that has them meanwhile loses them. @param {string} id */
    reset(id) {
      const { preset } = settings();
      const row = withKeys(BINDINGS, PRESETS[preset].keys).find((one) => rowId(one) === id);
      this.bind(id, row.keys);
      const { [id]: _, ...rest } = own;
      keep(rest);
    },
    resetAll: () => replace({}, settings().preset),
    /** Takes a preset over; what was changed before is kept aside. @param {keyof typeof PRESETS} name */
    usePreset: (name) => replace({}, name),
    /** Whether own keys were kept aside, and nothing was changed since. */
    hasFormer: () => settings().former !== null && Object.keys(own).length === 0,
    /** Back to the keys that were kept aside, on the preset that they changed. */
    useFormer() {
      const { preset, changed } = settings().former;
      keep(changed, preset);
    },
    /** All of it as JSON text, for another browser. */
    exported() {
      const { preset } = settings();
      return JSON.stringify({ maskwright_keys: 1, preset, changed: own }, null, 2);
    },
    /** Takes exported text over. @param {string} text @throws {Error} for people, when it is none */
    imported(text) {
      const { preset, changed } = readExported(text);
      replace(changed, preset);
    },
    /** @param {() => void} listener */
    onChange: (listener) => listeners.push(listener),
  };
}

/** The rows with these keys instead of their own; no other row keeps a key that is given here. */
function withKeys(rows, keysById) {
  const given = new Set(Object.values(keysById).flat());
  return rows.map((row) => {
    const keys = Object.hasOwn(keysById, rowId(row)) ? keysById[rowId(row)] : row.keys.filter((key) => !given.has(key));
    return { ...row, keys };
  });
}

const MOST_KEYS = 8;

/** Rows that are gone and keys that are none, from another version's preferences, do not count; a key counts once. */
function clean(changed) {
  const known = new Set(BINDINGS.map(rowId));
  const given = new Set();
  const rows = Object.entries(changed).filter(([id, keys]) => known.has(id) && areChords(keys));
  return Object.fromEntries(
    rows.map(([id, keys]) => {
      const free = [...new Set(keys.map(spelledChord))].filter((key) => !given.has(key));
      for (const key of free) given.add(key);
      return [id, free];
    }),
  );
}

function areChords(keys) {
  return Array.isArray(keys) && keys.length <= MOST_KEYS && keys.every((key) => spelledChord(key) !== null);
}

function readExported(text) {
  let value;
  try {
    value = JSON.parse(text);
  } catch {
    throw new Error('This is no JSON text; paste what “Export” gave.');
  }
  if (value?.maskwright_keys !== 1) throw new Error('These are no keys of Maskwright; paste what “Export” gave.');
  const { preset = 'maskwright', changed = {} } = value;
  if (!Object.hasOwn(PRESETS, preset)) {
    throw new Error(`There is no preset “${preset}” here; write ${Object.keys(PRESETS).join(', ')}.`);
  }
  if (changed === null || typeof changed !== 'object' || (!('preset' in value) && !('changed' in value))) {
    throw new Error('There are no keys in this text; paste all of what “Export” gave.');
  }
  refuseUnfit(changed);
  return { preset, changed: clean(changed) };
}

/** @param {Record<string, unknown>} changed @throws {Error} for people, naming the first that does not fit */
function refuseUnfit(changed) {
  const does = new Map(BINDINGS.map((row) => [rowId(row), row.does]));
  const givenTo = new Map();
  for (const [id, keys] of Object.entries(changed)) {
    if (!does.has(id)) throw new Error(`“${id}” is no action with keys here; nothing was taken over.`);
    if (!Array.isArray(keys) || keys.length > MOST_KEYS) {
      throw new Error(`The keys of “${id}” are no list of at most ${MOST_KEYS}; nothing was taken over.`);
    }
    for (const key of keys) {
      const chord = spelledChord(key);
      if (chord === null) throw new Error(`No key gives “${key}”, which is to “${does.get(id)}”; nothing was taken over.`);
      const other = givenTo.get(chord) ?? id;
      if (other !== id) {
        throw new Error(`${chord} is to “${does.get(other)}” and to “${does.get(id)}”; nothing was taken over.`);
      }
      givenTo.set(chord, id);
    }
  }
}
