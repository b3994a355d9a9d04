import assert from 'node:assert/strict';
import { test } from 'node:test';
import { assistCommands } from '../../../assets/js/commands/assist.mjs';
import { boxMask, difference, equal } from '../../../assets/js/masks/algebra.mjs';
import { at, drawing, imageWith } from './drawing.mjs';

const BLOCK = boxMask([10, 10, 20, 20], 60, 80);
const BETTER = boxMask([11, 10, 21, 19], 60, 80);
const settled = () => new Promise((resolve) => setImmediate(resolve));

function cutting(image, selection) {
  const asked = [];
  let answer;
  const ask = (id, what) => {
    asked.push(what);
    return new Promise((resolve) => (answer = () => resolve(BETTER)));
  };
  const page = drawing(image, selection, { assist: { refined: ask, cutOut: ask } });
  const commands = assistCommands({ ...page, stage: { reveal: () => {} }, focusSearch: () => {} });
  return { ...page, commands, asked, answer: async () => (answer(), settled()) };
}

test('the selected segment gets the refined mask; a proposal is accepted with it', async () => {
  for (const [image, selection, wish] of [
    [imageWith({ segments: [BLOCK] }), ['s1'], { segments: [1] }],
    [imageWith({ proposals: [BLOCK] }), ['p1'], { proposals: [1] }],
  ]) {
    const { commands, answer, acts, asked } = cutting(image, selection);
    commands.refine();
    assert.ok(equal(asked[0], BLOCK));
    await answer();
    const { operation, mask, keys, ...rest } = acts[0];
    assert.deepEqual([operation, rest], ['edit', wish]);
    assert.ok(equal(mask, BETTER));
  }
});

test('Escape gives the refinement up before anything else', async () => {
  const { commands, tools, answer, acts, state } = cutting(imageWith({ segments: [BLOCK] }), ['s1']);
  commands.refine();
  assert.ok(tools.cancel());
  await answer();
  assert.deepEqual([acts, state().selection], [[], ['s1']]);
});

test('a mask that changed meanwhile is left as it is', async () => {
  const { commands, session, answer, acts, state } = cutting(imageWith({ segments: [BLOCK] }), ['s1']);
  commands.refine();
  session.act('edit', { segments: [1], mask: boxMask([0, 0, 9, 9], 60, 80) });
  await answer();
  assert.equal(acts.length, 1);
  assert.match(state().message.text, /changed meanwhile/);
});

test('nothing selected: nothing is asked', () => {
  const { commands, asked, state } = cutting(imageWith({ segments: [BLOCK] }), []);
  commands.refine();
  assert.deepEqual(asked, []);
  assert.match(state().message.text, /Select the mask/);
});

test('a box becomes the thing in it, added or taken away', async () => {
  for (const [alt, expected] of [
    [false, null],
    [true, difference(BLOCK, BETTER)],
  ]) {
    const { commands, drag, answer, asked, acts } = cutting(imageWith({ segments: [BLOCK] }), alt ? ['s1'] : []);
    commands.refineBox();
    drag([at(8, 8, { alt }), at(35, 32, { alt })]);
    assert.deepEqual(asked, [[8, 8, 28, 25]]);
    await answer();
    assert.equal(acts[0].operation, alt ? 'edit' : 'draw');
    assert.ok(equal(acts[0].mask, expected ?? BETTER));
  }
});
