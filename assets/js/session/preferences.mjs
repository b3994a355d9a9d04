/** What one person set for this browser: kept as one JSON value, shared by all its tabs. */
import { same } from './same.mjs';

const KEY = 'maskwright';

/**
 * @param {Pick<Storage, 'getItem' | 'setItem'> | null} [storage] null, or one that refuses: kept for this page alone
 * @returns {{get: (name: string, fallback?: any) => any, set: (name: string, value: any) => void,
 *   onChange: (listener: (name: string, value: any) => void) => void}} `set` with undefined forgets; values are JSON's
 */
export function createPreferences(storage = browserStorage()) {
  let values = read(storage);
  const listeners = [];

  globalThis.addEventListener?.('storage', (event) => {
    if (event.key !== KEY) return;
    const before = values;
    values = parsed(event.newValue);
    const names = new Set([...Object.keys(before), ...Object.keys(values)]);
    for (const name of names) if (!same(before[name], values[name])) tell(name);
  });

  function tell(name) {
    for (const listener of listeners) listener(name, values[name]);
  }

  return {
    get: (name, fallback = null) => (Object.hasOwn(values, name) ? values[name] : fallback),
    set(name, value) {
      // Another tab may have written since.
      const latest = read(storage);
      values = { ...(storage && Object.keys(latest).length > 0 ? latest : values), [name]: value };
      if (value === undefined) delete values[name];
      write(storage, values);
      tell(name);
    },
    onChange: (listener) => listeners.push(listener),
  };
}

/** A browser that keeps nothing for this site throws at the mere name. */
function browserStorage() {
  try {
    return globalThis.localStorage ?? null;
  } catch {
    return null;
  }
}

function read(storage) {
  try {
    return parsed(storage?.getItem(KEY));
  } catch {
    return {};
  }
}

/** Text that is no JSON object, by whoever wrote it, counts as nothing set. */
function parsed(text) {
  try {
    const values = JSON.parse(text ?? '{}');
    return values !== null && typeof values === 'object' && !Array.isArray(values) ? values : {};
  } catch {
    return {};
  }
}

function write(storage, values) {
  try {
    storage?.setItem(KEY, JSON.stringify(values));
  } catch {
    // Full or forbidden: the values hold until the page is left.
  }
}
