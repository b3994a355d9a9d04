import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createCommands } from '../../assets/js/commands.mjs';
import { BINDINGS, ariaKeys, chordOf, keyFor, keyTable } from '../../assets/js/keys.mjs';

const FREE = { ctrlKey: false, metaKey: false, altKey: false, shiftKey: false };
const pressed = (key, held = {}) => chordOf({ key, ...FREE, ...held });

test('no key means two things', () => {
  const keys = BINDINGS.flatMap((binding) => binding.keys);
  assert.deepEqual(keys.filter((key, index) => keys.indexOf(key) !== index), []);
});

test('every key has a command behind it', () => {
  const store = { state: { image: null } };
  const commands = createCommands({ store, session: {}, stage: {}, focusSearch() {}, toggleHelp() {}, leave() {} });
  assert.deepEqual(BINDINGS.filter(({ action }) => !(action in commands)), []);
});

test('pressed keys read as the table spells them', () => {
  assert.equal(pressed('a'), 'A');
  assert.equal(pressed('A', { shiftKey: true }), 'Shift+A');
  assert.equal(pressed(' '), 'Space');
  assert.equal(pressed('?', { shiftKey: true }), '?');
  assert.equal(pressed('+', { shiftKey: true }), '+');
  assert.equal(pressed('Z', { ctrlKey: true, shiftKey: true }), 'Ctrl+Shift+Z');
  assert.equal(pressed('z', { metaKey: true }), 'Ctrl+Z');
  assert.equal(pressed('Tab', { shiftKey: true }), 'Shift+Tab');
  assert.equal(pressed('a', { altKey: true }), 'Alt+A');
});

test('the table finds actions by chord, digits with their place', () => {
  const table = keyTable(BINDINGS);
  assert.equal(table.get('Ctrl+Y').action, 'redo');
  assert.deepEqual([table.get('1').argument, table.get('0').argument], [0, 9]);
  assert.equal(keyFor('digit', 9), '0');
  assert.equal(ariaKeys('redo'), 'Control+Shift+Z Control+Y');
});
