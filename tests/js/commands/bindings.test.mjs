import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ariaKeys, createBindings, keyFor } from '../../../assets/js/commands/bindings.mjs';
import { BINDINGS, rowId } from '../../../assets/js/commands/keys.mjs';
import { PRESETS } from '../../../assets/js/commands/presets.mjs';
import { createPreferences } from '../../../assets/js/session/preferences.mjs';

/** What localStorage does. */
function storageOf(text = null) {
  const kept = new Map(text === null ? [] : [['maskwright', text]]);
  return { kept, getItem: (name) => kept.get(name) ?? null, setItem: (name, value) => kept.set(name, value) };
}

const started = (storage = storageOf()) => createBindings(createPreferences(storage));
const keysOf = (bindings, id) => bindings.rows().find((row) => rowId(row) === id).keys;

test('at first the keys are those of the table', () => {
  const bindings = started();
  assert.deepEqual(bindings.rows(), BINDINGS);
  assert.equal(bindings.find(['Ctrl+Y']).action, 'redo');
  assert.equal(keyFor('digit', 9), '0');
  assert.equal(ariaKeys('redo'), 'Control+Shift+Z Control+Y');
  assert.equal(keyFor('no such action'), '');
});

test('the first chord that means something counts', () => {
  assert.equal(started().find(['Ü', '[']).action, 'smallerBrush');
  assert.equal(started().find(['Ü']), undefined);
});

test('a key that is given is taken from whoever had it, everything follows at once, and it lasts', () => {
  const storage = storageOf();
  const bindings = started(storage);
  let told = 0;
  bindings.onChange(() => told++);
  assert.equal(bindings.clash('B', 'accept').action, 'brush');
  bindings.bind('accept', ['B', 'Enter']);
  assert.ok(told > 0);
  for (const one of [bindings, started(storage)]) {
    assert.deepEqual(keysOf(one, 'accept'), ['B', 'Enter']);
    assert.deepEqual([keysOf(one, 'brush'), keysOf(one, 'clickCrosshair')], [[], []]);
    assert.equal(one.find(['B']).action, 'accept');
    assert.equal(one.find(['A']), undefined);
  }
  assert.deepEqual([keyFor('accept'), keyFor('brush')], ['B', '']);
});

test('one action or all get their keys back', () => {
  const bindings = started();
  bindings.bind('accept', ['B']);
  bindings.bind('reject', ['A']);
  bindings.reset('accept');
  assert.deepEqual([keysOf(bindings, 'accept'), keysOf(bindings, 'reject')], [['A'], []]);
  assert.ok(!bindings.isChanged('accept'));
  bindings.resetAll();
  assert.deepEqual(bindings.rows(), BINDINGS);
  assert.ok(!bindings.anyChanged());
});

test('no sequence of changes gives one key to two actions', () => {
  const bindings = started();
  const ids = BINDINGS.map(rowId);
  const chords = ['A', 'B', 'Ctrl+B', '1', '[', 'Space', 'F1'];
  let seed = 7;
  const next = (limit) => (seed = (seed * 48271) % 2147483647) % limit;
  for (let step = 0; step < 300; step++) {
    const id = ids[next(ids.length)];
    const choice = next(8);
    if (choice === 0) bindings.reset(id);
    else if (choice === 1) bindings.usePreset(Object.keys(PRESETS)[next(3)]);
    else bindings.bind(id, [chords[next(chords.length)], chords[next(chords.length)]]);
    const all = bindings.rows().flatMap(({ keys }) => keys);
    assert.deepEqual(all.filter((key, index) => all.indexOf(key) !== index), [], `step ${step}`);
  }
});

for (const [name, preset] of Object.entries(PRESETS)) {
  test(`the preset ${preset.name} leaves every action a key of its own`, () => {
    const bindings = started();
    bindings.usePreset(name);
    const ids = new Set(BINDINGS.map(rowId));
    assert.deepEqual(Object.keys(preset.keys).filter((id) => !ids.has(id)), []);
    assert.deepEqual(bindings.rows().filter(({ keys }) => keys.length === 0).map(rowId), []);
    const all = bindings.rows().flatMap(({ keys }) => keys);
    assert.deepEqual(all.filter((key, index) => all.indexOf(key) !== index), []);
  });
}

test('people from CVAT and Labelme find the next photo where they know it', () => {
  const bindings = started();
  bindings.usePreset('cvat');
  assert.deepEqual(['F', 'D', 'N', 'M'].map((key) => bindings.find([key]).action), [
    'nextImage',
    'previousImage',
    'newRegion',
    'merge',
  ]);
  bindings.usePreset('labelme');
  assert.deepEqual(['D', 'A', 'Ctrl+N'].map((key) => bindings.find([key]).action), [
    'nextImage',
    'previousImage',
    'polygon',
  ]);
});

test('keys travel as text, and what is no such text changes nothing', () => {
  const bindings = started();
  bindings.usePreset('cvat');
  bindings.bind('accept', ['Shift+Space']);
  const other = started();
  other.imported(bindings.exported());
  assert.deepEqual(other.rows(), bindings.rows());
  const before = other.rows();
  const bad = ['', '{', '[]', 'null', '{"maskwright_keys": 2}', '{"maskwright_keys": 1, "preset": "emacs"}'];
  const changed = [{ fly: ['A'] }, { accept: 'A' }, { accept: [1] }, { accept: Array(99).fill('A') }];
  const texts = changed.map((one) => JSON.stringify({ maskwright_keys: 1, preset: 'cvat', changed: one }));
  for (const text of [...bad, ...texts]) assert.throws(() => other.imported(text), Error, text);
  assert.equal(other.rows(), before);
});

test('broken preferences, and those of another version, are the table again where they do not fit', () => {
  for (const keys of [7, null, 'x', { preset: 'emacs' }, { changed: { fly: ['A'], accept: [null] } }, { changed: 3 }]) {
    assert.deepEqual(started(storageOf(JSON.stringify({ keys }))).rows(), BINDINGS, JSON.stringify(keys));
  }
});

const fileOf = (changed, preset = 'maskwright') => JSON.stringify({ maskwright_keys: 1, preset, changed });

test('a key file with one key for two actions, or with a key that nobody can press, says so and changes nothing', () => {
  const bindings = started();
  const before = bindings.rows();
  const refused = [
    [fileOf({ accept: ['Q'], reject: ['q'] }), /Q is to “accept the selected proposal” and to “reject .*; nothing was taken over/],
    [fileOf({ accept: ['Ctr+Q'] }), /No key gives “Ctr\+Q”/],
    ['{"maskwright_keys":1}', /There are no keys in this text/],
    ['{"maskwright_keys":1,"changed":null}', /There are no keys in this text/],
    ['{"maskwright_keys":1,"preset":"emacs"}', /There is no preset “emacs” here; write maskwright, cvat, labelme/],
  ];
  for (const [text, why] of refused) assert.throws(() => bindings.imported(text), why);
  assert.equal(bindings.rows(), before);
});

test('a key file is read however its keys are spelled, and nobody else keeps them', () => {
  const bindings = started();
  bindings.imported(fileOf({ accept: ['d', 'D', 'shift+ctrl+q'] }, 'cvat'));
  assert.deepEqual(keysOf(bindings, 'accept'), ['D', 'Ctrl+Shift+Q']);
  assert.deepEqual(keysOf(bindings, 'previousImage'), ['ArrowLeft']);
});

test('doubles that an older version took over are none any more', () => {
  const keys = { preset: 'maskwright', changed: { accept: ['q'], reject: ['Q', 'X'] } };
  const bindings = started(storageOf(JSON.stringify({ keys })));
  assert.deepEqual(['accept', 'reject', 'selectTool'].map((id) => keysOf(bindings, id)), [['Q'], ['X'], []]);
});

test('one’s own keys outlive a preset, a reset and an import', () => {
  const storage = storageOf();
  const bindings = started(storage);
  assert.ok(!bindings.hasFormer());
  bindings.bind('accept', ['B']);
  const own = bindings.rows();
  for (const replace of [() => bindings.usePreset('cvat'), () => bindings.resetAll(), () => bindings.imported(fileOf({}, 'labelme'))]) {
    replace();
    bindings.usePreset('labelme');
    assert.notDeepEqual(keysOf(bindings, 'accept'), ['B']);
    const later = started(storage);
    assert.ok(later.hasFormer());
    bindings.useFormer();
    assert.deepEqual(bindings.rows(), own);
  }
  bindings.usePreset('cvat');
  bindings.bind('reject', ['B']);
  assert.ok(!bindings.hasFormer());
});
