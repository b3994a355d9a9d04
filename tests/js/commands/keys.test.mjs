import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createCommands } from '../../../assets/js/commands/commands.mjs';
import { BINDINGS, GROUPS, POINTER_HELP, keyTable, rowId } from '../../../assets/js/commands/keys.mjs';

test('no key means two things, and no row has the name of another', () => {
  for (const values of [BINDINGS.flatMap(({ keys }) => keys), BINDINGS.map(rowId)]) {
    assert.deepEqual(values.filter((value, index) => values.indexOf(value) !== index), []);
  }
});

// What has a key by its neighbours' names: "view" and "panelTab" are chosen among, the others take what they concern.
const WITHOUT_KEY = new Set(['label', 'addLabel', 'view', 'panelTab', 'reopen', 'suggest', 'showProblem']);

test('every key has a command behind it, and every command a key', () => {
  const store = { state: { image: null }, subscribe() {}, dispatch() {} };
  const session = { say() {} };
  const commands = createCommands(new Proxy({ store, session }, { get: (parts, name) => parts[name] ?? (() => {}) }));
  const actions = new Set(BINDINGS.map(({ action }) => action));
  assert.deepEqual([...actions].filter((action) => !(action in commands)), []);
  assert.deepEqual(Object.keys(commands).filter((name) => !actions.has(name) && !WITHOUT_KEY.has(name)), []);
});

test('every row stands under a heading that the help shows', () => {
  assert.deepEqual([...BINDINGS, ...POINTER_HELP].filter(({ group }) => !GROUPS.includes(group)), []);
});

test('the table finds actions by chord, digits with their place', () => {
  const table = keyTable(BINDINGS);
  assert.equal(table.get('Ctrl+Y').action, 'redo');
  assert.deepEqual([table.get('1').argument, table.get('0').argument], [0, 9]);
});
