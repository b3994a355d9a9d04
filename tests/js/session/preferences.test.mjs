import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createPreferences } from '../../../assets/js/session/preferences.mjs';

function storageOf(text = null) {
  const kept = { text };
  return { kept, getItem: () => kept.text, setItem: (_, value) => (kept.text = value) };
}

test('what is set is there at the next start, and told', () => {
  const storage = storageOf();
  const preferences = createPreferences(storage);
  const told = [];
  preferences.onChange((name, value) => told.push([name, value]));
  assert.equal(preferences.get('opacity', 0.5), 0.5);
  preferences.set('opacity', 0.7);
  preferences.set('theme', 'dark');
  assert.deepEqual(told, [['opacity', 0.7], ['theme', 'dark']]);
  assert.equal(createPreferences(storage).get('opacity', 0.5), 0.7);
  preferences.set('theme', undefined);
  assert.equal(createPreferences(storage).get('theme', 'auto'), 'auto');
});

test('two tabs do not undo each other', () => {
  const storage = storageOf();
  const [one, other] = [createPreferences(storage), createPreferences(storage)];
  one.set('opacity', 0.7);
  other.set('theme', 'dark');
  assert.deepEqual(JSON.parse(storage.kept.text), { opacity: 0.7, theme: 'dark' });
});

test('broken text counts as nothing set, and names of every object are no settings', () => {
  for (const text of ['', '{', '[1]', '7', 'null', '"x"']) {
    const preferences = createPreferences(storageOf(text));
    assert.equal(preferences.get('opacity', 0.5), 0.5, text);
    assert.equal(preferences.get('constructor'), null);
    preferences.set('opacity', 1);
    assert.equal(preferences.get('opacity'), 1);
  }
});

test('a browser that keeps nothing still holds what was set until the page is left', () => {
  const refusing = {
    getItem: () => {
      throw new Error('SecurityError');
    },
    setItem: () => {
      throw new Error('QuotaExceededError');
    },
  };
  for (const storage of [refusing, null]) {
    const preferences = createPreferences(storage);
    preferences.set('opacity', 0.2);
    preferences.set('theme', 'dark');
    assert.deepEqual([preferences.get('opacity'), preferences.get('theme')], [0.2, 'dark']);
  }
});
