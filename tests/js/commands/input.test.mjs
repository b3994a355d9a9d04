import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createBindings } from '../../../assets/js/commands/bindings.mjs';
import { listenToKeys } from '../../../assets/js/commands/input.mjs';
import { createPreferences } from '../../../assets/js/session/preferences.mjs';
import { createStore } from '../../../assets/js/truth/state.mjs';

const element = (typedInto = false) => ({ closest: () => (typedInto ? {} : null) });

/** A document whose keys are pressed by hand; `done` are the commands that ran, `focused` counts the canvas's turns. */
function keyboard({ state = {}, isDrawing = () => false, dialog = null } = {}) {
  const heard = { root: {}, document: {} };
  const listening = (name) => ({ addEventListener: (type, listener) => (heard[name][type] = listener) });
  const ownerDocument = { ...listening('document'), body: element(), documentElement: element(), querySelector: () => dialog };
  const page = { done: [], focused: 0 };
  const root = { ...element(), ...listening('root'), ownerDocument, focus: () => page.focused++ };
  const commands = new Proxy({}, { has: () => true, get: (_, name) => (argument) => page.done.push([name, argument]) });
  const store = createStore();
  store.dispatch({ type: 'set', values: { workspace: { categories: [] }, ...state } });
  const stage = { pointer: () => null, holdSpace: () => false };
  const bindings = createBindings(createPreferences(null));
  listenToKeys(root, { store, bindings, commands, stage, isHelpOpen: () => false, isDrawing });
  const event = (key, target, held) => ({
    key,
    target,
    ctrlKey: false,
    metaKey: false,
    altKey: false,
    shiftKey: false,
    preventDefault() {},
    stopPropagation() {},
    ...held,
  });
  /** As the browser tells it: what is inside the root first there, all of it then to the document, unless stopped. */
  function press(key, target, held = {}) {
    let goesOn = true;
    const one = event(key, target, { ...held, stopPropagation: () => (goesOn = false) });
    if (target !== ownerDocument.body) heard.root.keydown(one);
    if (goesOn) heard.document.keydown(one);
  }
  return Object.assign(page, { root, body: ownerDocument.body, button: element(), box: element(true), press });
}

test('keys reach the page when nothing has the focus, once, and take it to the canvas', () => {
  const page = keyboard();
  page.press('b', page.body);
  assert.deepEqual([page.done, page.focused], [[['brush', undefined]], 1]);
  page.press('v', page.root);
  assert.deepEqual(page.done[1], ['nextView', undefined]);
  const asked = keyboard({ dialog: {} });
  asked.press('b', asked.body);
  assert.deepEqual(asked.done, []);
});

test('what is typed into a text box is its own; Tab from nowhere goes on through the page', () => {
  const { press, box, body, done } = keyboard();
  press('b', box);
  press('Escape', box);
  press('Tab', body);
  assert.deepEqual(done, []);
});

test('a command from a focused button brings the focus back to the canvas; keys that work the button do not', () => {
  const page = keyboard();
  page.press('.', page.button);
  assert.deepEqual([page.done, page.focused], [[['nextMask', undefined]], 1]);
  page.press(' ', page.button);
  page.press('Enter', page.button);
  assert.deepEqual([page.done.length, page.focused], [1, 1]);
});

test('Escape on a button comes back to the canvas and does nothing else', () => {
  const page = keyboard();
  page.press('Escape', page.button);
  assert.deepEqual([page.done, page.focused], [[], 1]);
  page.press('Escape', page.root);
  assert.deepEqual(page.done, [['escape', undefined]]);
});

test('Shift+Enter at the crosshair is Shift+Click there while a tool is taken, and marks the photo done otherwise', () => {
  const { press, root, done } = keyboard({ state: { tool: 'brush', crosshair: [3, 4] } });
  press('Enter', root, { shiftKey: true });
  assert.deepEqual(done, [['clickCrosshair', { shift: true }]]);
  for (const state of [{ tool: 'brush' }, { crosshair: [3, 4] }]) {
    const other = keyboard({ state });
    other.press('Enter', other.root, { shiftKey: true });
    assert.deepEqual(other.done, [['done', undefined]]);
  }
});

test('a held key does not pass an unfinished drawing over', () => {
  const drawing = keyboard({ isDrawing: () => true });
  drawing.press('d', drawing.root, { repeat: true });
  drawing.press('.', drawing.root, { repeat: true });
  assert.deepEqual(drawing.done, [['nextMask', undefined]]);
});
