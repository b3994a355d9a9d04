import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createCommands } from '../../../assets/js/commands/commands.mjs';
import { drawCommands } from '../../../assets/js/commands/draw.mjs';
import { boxMask, difference, equal, union } from '../../../assets/js/masks/algebra.mjs';
import { wandMask } from '../../../assets/js/masks/wand.mjs';
import { at, drawing, imageWith } from './drawing.mjs';

const BLOCK = boxMask([10, 10, 20, 20], 60, 80);
// Distances rise from the left to the right, a cell of the map for four pixels.
const MAP = { width: 20, height: 15, values: Uint8Array.from({ length: 300 }, (_, i) => 12 * (i % 20)) };
const region = (tolerance, x = 4, y = 20) => wandMask(MAP, { height: 60, width: 80, x, y, tolerance });
const settled = () => new Promise((resolve) => setImmediate(resolve));

/** A page whose server answers each click with MAP when `answer` is called; `asked` are the pixels. */
function wanding(image, selection, { byModel = true, fails = null } = {}) {
  const asked = [];
  const waiting = [];
  const assist = {
    wand(id, pixel, signal) {
      asked.push(pixel);
      return new Promise((resolve, reject) => {
        waiting.push(() => (fails ? reject(fails) : resolve({ map: MAP, tolerance: 60, byModel })));
        signal.addEventListener('abort', () => reject(new Error('aborted')));
      });
    },
  };
  const page = drawing(image, selection, { assist });
  page.take('wand');
  const answer = async () => {
    waiting.shift()();
    await settled();
  };
  return { ...page, asked, answer };
}

test('a click is a new region at the tolerance that the server suggests, whatever is selected', async () => {
  const { click, answer, asked, acts, state } = wanding(imageWith({ segments: [BLOCK] }), ['s1']);
  click(at(4.7, 20.2));
  assert.deepEqual([asked, acts], [[{ x: 4, y: 20 }], []]);
  await answer();
  assert.equal(acts[0].operation, 'draw');
  assert.ok(equal(acts[0].mask, region(60)));
  assert.deepEqual(state().selection, acts[0].keys);
});

test('Shift adds to the selected mask, Alt and “Take away” take from it', async () => {
  for (const [held, subtracts, expected] of [
    [{ shift: true }, false, union([BLOCK, region(60)])],
    [{ alt: true }, false, difference(BLOCK, region(60))],
    [{}, true, difference(BLOCK, region(60))],
  ]) {
    const { store, click, answer, acts } = wanding(imageWith({ segments: [BLOCK] }), ['s1']);
    store.dispatch({ type: 'set', values: { subtracts } });
    click(at(4, 20, held));
    await answer();
    assert.deepEqual([acts[0].operation, acts[0].segments], ['edit', [1]]);
    assert.ok(equal(acts[0].mask, expected));
  }
});

test('a drag sets the tolerance, before the answer and after it, and one correction follows the release', async () => {
  const { tools, answer, acts } = wanding(imageWith(), []);
  const tool = tools.now();
  tool.down(at(4, 20));
  tool.move([at(27, 20)]);
  await answer();
  tool.move([at(47, 20)]);
  assert.deepEqual(acts, []);
  tool.up(at(47, 20));
  // 43 pixels less the slop of 3, half a step each.
  assert.equal(acts.length, 1);
  assert.ok(equal(acts[0].mask, region(80)));
});

test('Escape gives a click up, and its answer changes nothing', async () => {
  const { tools, click, answer, acts } = wanding(imageWith(), []);
  click(at(4, 20));
  assert.ok(tools.busy());
  tools.cancel();
  assert.ok(!tools.busy());
  await answer();
  assert.deepEqual(acts, []);
});

test('another click is the one that counts', async () => {
  const { click, answer, acts } = wanding(imageWith(), []);
  click(at(4, 20));
  click(at(40, 20));
  await answer();
  assert.deepEqual(acts, []);
  await answer();
  assert.ok(equal(acts[0].mask, region(60, 40)));
});

test('the size keys change the region that was found last, and only as long as it is as it was left', async () => {
  const page = wanding(imageWith(), []);
  const commands = drawCommands({ ...page, api: {} });
  page.click(at(4, 20));
  await page.answer();
  commands.largerBrush();
  commands.largerBrush();
  assert.deepEqual(
    page.acts.slice(1).map(({ operation }) => operation),
    ['edit', 'edit'],
  );
  assert.ok(equal(page.acts[2].mask, region(76)));
  assert.match(page.state().message.text, /^Tolerance 76/);
  const size = page.state().brushSize;
  page.store.dispatch({ type: 'select', keys: [] });
  commands.largerBrush();
  assert.equal(page.acts.length, 3);
  assert.ok(page.state().brushSize > size);
});

test('a refusal is told and leaves the tool ready; help by colours alone is told too', async () => {
  const refused = wanding(imageWith(), [], { fails: new Error('the photo is gone') });
  refused.click(at(4, 20));
  await refused.answer();
  assert.match(refused.state().message.text, /the photo is gone/);
  assert.ok(!refused.tools.busy());
  const plain = wanding(imageWith(), [], { byModel: false });
  plain.click(at(4, 20));
  await plain.answer();
  assert.match(plain.state().message.text, /by colours alone/);
});

test('a click beside the photo asks nothing', () => {
  const { click, asked } = wanding(imageWith(), []);
  for (const [x, y] of [
    [-1, 5],
    [80, 5],
    [5, 60.5],
  ])
    click(at(x, y));
  assert.deepEqual(asked, []);
});

test('a label pressed while the wand is looking goes to what it finds; Escape gives both up', async () => {
  const label = (page) => {
    const parts = { ...page, stage: { reveal() {} }, focusSearch() {}, leave() {} };
    createCommands(parts).digit(0);
  };
  const found = wanding(imageWith({ proposals: [BLOCK] }), ['p1']);
  found.click(at(4, 20));
  label(found);
  assert.deepEqual([found.acts, found.state().message.kind], [[], 'wait']);
  await found.answer();
  assert.deepEqual(
    found.acts.map(({ operation, segments }) => [operation, segments]),
    [
      ['draw', undefined],
      ['relabel', [-1]],
    ],
  );
  const given = wanding(imageWith({ proposals: [BLOCK] }), ['p1']);
  given.click(at(4, 20));
  label(given);
  given.tools.cancel();
  await settled();
  assert.deepEqual([given.acts, given.state().message.kind], [[], 'hint']);
  const refused = wanding(imageWith({ proposals: [BLOCK] }), ['p1'], { fails: new Error('gone') });
  refused.click(at(4, 20));
  label(refused);
  await refused.answer();
  assert.deepEqual([refused.acts, /gone/.test(refused.state().message.text)], [[], true]);
});

test('Shift adds to the selected proposal also where the page selected it and the region is apart', async () => {
  const far = boxMask([70, 50, 5, 5], 60, 80);
  const { store, click, answer, acts } = wanding(imageWith({ proposals: [far] }), []);
  store.dispatch({ type: 'select', keys: ['p1'], offered: true });
  click(at(4, 20, { shift: true }));
  await answer();
  assert.deepEqual([acts[0].operation, acts[0].proposals], ['edit', [1]]);
});

test('undo while the wand is looking gives that up and takes no correction back', async () => {
  const page = wanding(imageWith(), []);
  page.click(at(4, 20));
  assert.equal(page.tools.undo(), true);
  await page.answer();
  assert.deepEqual(page.acts, []);
  assert.equal(page.tools.undo(), false);
});
