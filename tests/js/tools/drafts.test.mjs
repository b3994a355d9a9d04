import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createCommands } from '../../../assets/js/commands/commands.mjs';
import { boxMask, equal } from '../../../assets/js/masks/algebra.mjs';
import { polygon } from '../../../assets/js/masks/shapes.mjs';
import { at, drawing, imageWith } from './drawing.mjs';

const CORNERS = [at(10, 10), at(30, 10), at(30, 40)];
const TRIANGLE = polygon([[10, 10, 30, 10, 30, 40]], 60, 80);
const BLOCK = boxMask([50, 30, 20, 20], 60, 80);

/** A page with all commands; `log` are the names of what reached the session. */
function page(image = imageWith(), selection = []) {
  const made = drawing({ can_undo: true, next_id: 2, ...image }, selection);
  const opened = [];
  const session = { ...made.session, open: async (id) => opened.push(id) };
  const stage = { reveal() {}, pointer: () => null };
  const commands = createCommands({ ...made, session, stage, focusSearch() {}, leave() {} });
  const operations = () => made.acts.map(({ operation }) => operation);
  return { ...made, commands, opened, operations, open: (id) => openOther(made.store, id) };
}

function openOther(store, id) {
  store.dispatch({ type: 'opened', image: { ...imageWith(), id, file_name: `${id}.jpg` }, photo: null, askedAt: 0 });
}

function begun(made = page()) {
  made.take('polygon');
  CORNERS.forEach((corner) => made.click(corner));
  return made;
}

test('a stray tool key keeps the unfinished polygon; its own key goes on with it', () => {
  const { commands, tools, acts, state } = begun();
  commands.brush();
  assert.deepEqual([state().tool, tools.busy()], ['brush', false]);
  assert.match(state().message.text, /The unfinished polygon is kept: P goes on with it\.$/);
  commands.polygon();
  assert.ok(tools.busy());
  tools.confirm();
  assert.ok(equal(acts[0].mask, TRIANGLE));
});

test('undo brings a polygon back that Escape threw away or another tool put aside; after a correction that comes first', () => {
  const thrown = begun();
  thrown.commands.escape();
  assert.match(thrown.state().message.text, /thrown away; Ctrl\+Z brings it back/);
  assert.equal(thrown.tools.busy(), false);
  thrown.commands.undo();
  thrown.tools.confirm();
  assert.ok(equal(thrown.acts[0].mask, TRIANGLE));

  const aside = begun();
  aside.commands.box();
  aside.drag([at(60, 5), at(70, 9)]);
  aside.commands.undo();
  assert.deepEqual([aside.operations(), aside.state().tool], [['draw', 'undo'], 'box']);
  aside.store.dispatch({ type: 'set', values: { pending: [] } });
  aside.commands.undo();
  assert.deepEqual([aside.operations(), aside.state().tool, aside.tools.busy()], [['draw', 'undo'], 'polygon', true]);
});

test('what Escape threw away comes back by undo alone, and what undo took back does not come again', () => {
  const { commands, tools, operations } = begun();
  commands.escape();
  commands.selectTool();
  commands.polygon();
  assert.equal(tools.busy(), false);
  commands.undo();
  for (const left of [true, true, false]) {
    commands.undo();
    assert.equal(tools.busy(), left);
  }
  commands.undo();
  assert.deepEqual(operations(), ['undo']);
});

test('leaving the photo, and marking it done, wait for a second press while a drawing is unfinished', () => {
  for (const name of ['nextImage', 'doneAndNext', 'done', 'skip', 'deleteImage', 'approve', 'digit']) {
    const { commands, tools, state, opened, operations, click } = begun();
    commands[name](0);
    assert.deepEqual([opened, operations(), tools.busy()], [[], [], true], name);
    assert.match(state().message.text, /polygon is unfinished: Enter finishes it/);
    click(at(5, 50));
    commands[name](0);
    assert.deepEqual([opened, operations()], [[], []], 'a new corner is a new drawing');
  }
  const { commands, opened, operations } = begun();
  commands.doneAndNext();
  commands.doneAndNext();
  assert.deepEqual([opened, operations()], [[2], ['done']]);
});

test('an unfinished drawing stays with its photo, which the page says', () => {
  const { open, tools, acts, state } = begun();
  open(2);
  assert.equal(tools.busy(), false);
  assert.equal(state().message.text, 'The unfinished polygon on 1.jpg is kept: P there goes on with it.');
  open(1);
  assert.ok(tools.busy());
  tools.confirm();
  assert.ok(equal(acts[0].mask, TRIANGLE));
});

test('Escape during a box leaves no message about its other corner', () => {
  const { take, click, commands, state } = page();
  take('box');
  click(at(5, 5));
  assert.match(state().message.text, /opposite corner/);
  commands.escape();
  assert.doesNotMatch(state().message.text, /corner/);
  commands.undo();
  click(at(9, 9));
  assert.match(state().message.text, /New region of 25 pixels/);
});

test('undo during a stroke takes that stroke back and nothing below it', () => {
  const { take, tools, commands, operations } = page(imageWith({ segments: [BLOCK] }));
  take('brush');
  tools.now().down(at(5, 5));
  commands.undo();
  tools.now().up(at(9, 9));
  assert.deepEqual([operations(), tools.busy()], [[], false]);
  commands.undo();
  assert.deepEqual(operations(), ['undo']);
});

test('a label, a tool and the next photo wait for the stroke that is being drawn', async () => {
  const { take, tools, commands, operations, acts, opened, state } = page(imageWith({ proposals: [BLOCK] }), ['p1']);
  take('brush', { brushSize: 5 });
  commands.newRegion();
  tools.now().down(at(5, 5));
  commands.digit(0);
  commands.box();
  commands.nextImage();
  assert.deepEqual([operations(), state().tool, opened], [[], 'brush', []]);
  tools.now().up(at(5, 5));
  await new Promise((resolve) => setImmediate(resolve));
  assert.deepEqual([operations(), state().tool, opened], [['draw', 'relabel'], 'box', [2]]);
  assert.deepEqual(acts[1].segments, [-1]);
});
