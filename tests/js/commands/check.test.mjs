import assert from 'node:assert/strict';
import { test } from 'node:test';
import { checkCommands } from '../../../assets/js/commands/check.mjs';
import { mendCommands } from '../../../assets/js/commands/mend.mjs';
import { voidsCommands } from '../../../assets/js/commands/voids.mjs';
import { difference, equal, fullMask, union } from '../../../assets/js/masks/algebra.mjs';
import { box } from '../masks/drawn.mjs';
import { drawing, imageWith } from '../tools/drawing.mjs';

const [WIDTH, HEIGHT] = [80, 60];
const whole = fullMask(HEIGHT, WIDTH);
const rectangle = (x, y, width, height) => box(x, y, x + width, y + height, HEIGHT, WIDTH);

/** The commands over a photo with these masks; `revealed` are the boxes that were brought into sight. */
function bench(masks, selection = []) {
  const made = drawing(imageWith(masks), selection);
  const revealed = [];
  const stage = { reveal: (where) => revealed.push(where) };
  const parts = { ...made, stage, focusSearch: () => revealed.push('search') };
  const commands = { ...mendCommands(parts), ...checkCommands(parts), ...voidsCommands(parts) };
  return { ...made, commands, revealed, said: () => made.state().message.text };
}

test('what has nothing to mend says so and changes nothing', () => {
  const { commands, acts, said } = bench({ segments: [rectangle(5, 5, 20, 20)] }, ['s1']);
  for (const [name, text] of [
    ['splitParts', /is one connected part already/],
    ['fillHoles', /has no holes/],
    ['dropIslands', /has no islands/],
  ]) {
    commands[name]();
    assert.match(said(), text);
  }
  assert.deepEqual(acts, []);
});

test('without a selection mending asks for one', () => {
  const { commands, acts, said } = bench({ segments: [whole] });
  commands.fillHoles();
  assert.match(said(), /^Select a mask first/);
  assert.deepEqual(acts, []);
});

test('parts that are too large for islands stay', () => {
  const halves = union([rectangle(0, 0, 20, 20), rectangle(40, 0, 20, 20)]);
  const { commands, acts, said } = bench({ segments: [halves] }, ['s1']);
  commands.dropIslands();
  assert.match(said(), /Its 2 parts are too large for islands/);
  assert.deepEqual(acts, []);
});

test('several masks are mended at once, and stay selected', () => {
  const holed = (x) => difference(rectangle(x, 5, 20, 20), rectangle(x + 5, 10, 3, 3));
  const masks = { segments: [holed(5), rectangle(60, 0, 5, 5)], proposals: [holed(35)] };
  const { commands, acts, state, said } = bench(masks, ['s1', 's2', 'p1']);
  commands.fillHoles();
  assert.deepEqual(acts.map(({ operation, segments, proposals }) => [operation, segments, proposals]), [
    ['fill', [1], undefined],
    ['fill', undefined, [1]],
  ]);
  assert.ok(equal(state().image.segments[0].mask, rectangle(5, 5, 20, 20)));
  assert.deepEqual(state().selection, ['s1', 's2', acts[1].keys[0]]);
  assert.equal(state().awaitingLabel, 1);
  assert.match(said(), /filled one hole, 9 pixels; .*filled one hole, 9 pixels/);
});

test('a proposal is split into new segments', () => {
  const halves = [rectangle(0, 0, 30, 30), rectangle(40, 0, 20, 20)];
  const { commands, state } = bench({ proposals: [union(halves)] }, ['p1']);
  commands.splitParts();
  assert.equal(state().image.proposals[0].decision, 'accepted');
  const { segments } = state().image;
  assert.ok(segments.every(({ mask }, index) => equal(mask, halves[index])));
  assert.deepEqual(state().selection, segments.map(({ key }) => key));
});

test('noise is not split into segments', () => {
  const specks = union(Array.from({ length: 60 }, (_, i) => rectangle((i % 20) * 4, Math.floor(i / 20) * 4, 1, 1)));
  const { commands, acts, said } = bench({ segments: [specks] }, ['s1']);
  commands.splitParts();
  assert.match(said(), /60 parts, more than 50/);
  assert.deepEqual(acts, []);
});

test('problems are walked in a circle, and shown', () => {
  const { commands, state, revealed, said } = bench({ segments: [rectangle(0, 0, 40, 60), rectangle(20, 0, 40, 60)] });
  commands.nextProblem();
  assert.deepEqual([state().problem, state().selection], ['overlap s1 s2', ['s1']]);
  assert.ok(equal(state().marked.mask, rectangle(20, 0, 20, 60)));
  assert.deepEqual(revealed, [[20, 0, 20, 60]]);
  assert.match(said(), /^1 of 2: car over car: 1,200 pixels of both/);
  commands.nextProblem();
  assert.match(state().problem, /^void/);
  commands.nextProblem();
  assert.match(said(), /^1 of 2/);
});

test('after a fix the walk goes on where it was', () => {
  const { commands, state } = bench({
    segments: [rectangle(0, 0, 20, 60), rectangle(10, 0, 20, 60), rectangle(40, 0, 20, 60), rectangle(50, 0, 30, 60)],
  });
  commands.nextProblem();
  commands.nextProblem();
  assert.equal(state().problem, 'overlap s3 s4');
  commands.fixProblem();
  commands.nextProblem();
  assert.match(state().problem, /^void/);
  commands.nextProblem();
  assert.equal(state().problem, 'overlap s1 s2');
});

test('the overlap is taken from the lower one', () => {
  const { commands, state } = bench({ segments: [rectangle(0, 0, 40, 60), rectangle(20, 0, 60, 60)] });
  commands.fixProblem('overlap s1 s2');
  assert.ok(equal(state().image.segments[0].mask, rectangle(0, 0, 20, 60)));
  commands.nextProblem();
  assert.match(state().message.text, /finds nothing to fix/);
});

test('what is hidden whole is raised, and deleted where it is there twice', () => {
  const raised = bench({ segments: [rectangle(5, 5, 10, 10), whole] });
  raised.commands.fixProblem('hidden s1 s2');
  assert.deepEqual(raised.state().image.segments.map(({ id }) => id), [2, 1]);
  const twice = bench({ segments: [rectangle(5, 5, 10, 10), rectangle(5, 5, 10, 11)] });
  twice.commands.fixProblem('hidden s1 s2');
  assert.deepEqual(twice.state().image.segments.map(({ id }) => id), [2]);
});

test('islands go and holes are filled by their fix', () => {
  const rough = union([difference(rectangle(0, 0, 70, 60), rectangle(20, 20, 1, 1)), rectangle(75, 5, 1, 1)]);
  const { commands, state } = bench({ segments: [rough] });
  commands.fixProblem('island s1');
  commands.fixProblem('hole s1');
  assert.ok(equal(state().image.segments[0].mask, rectangle(0, 0, 70, 60)));
});

test('what has no label is selected for the search', () => {
  const made = bench({ segments: [whole] });
  made.store.dispatch({ type: 'set', values: { categories: new Map() } });
  made.commands.fixProblem('nameless s1');
  assert.deepEqual([made.state().selection, made.revealed.at(-1)], [['s1'], 'search']);
});

test('one key goes from region to region that nothing covers, another fills it', () => {
  const { commands, state, acts } = bench({
    segments: [rectangle(0, 0, 30, 60), rectangle(50, 0, 20, 60)],
    proposals: [whole, rectangle(25, 0, 25, 60)],
  });
  commands.jumpToVoid();
  assert.ok(equal(state().marked.mask, rectangle(30, 0, 20, 60)));
  commands.jumpToVoid();
  assert.ok(equal(state().marked.mask, rectangle(70, 0, 10, 60)));
  commands.jumpToVoid();
  commands.fillVoid();
  assert.deepEqual([acts.at(-1).operation, acts.at(-1).proposals], ['fill', [2]]);
  const filled = state().image.segments.at(-1);
  assert.ok(equal(filled.mask, rectangle(30, 0, 20, 60)));
  assert.deepEqual(state().selection, [filled.key]);
  commands.fillVoid();
  assert.deepEqual(acts.at(-1).proposals, [1]);
  commands.jumpToVoid();
  assert.match(state().message.text, /every pixel has a segment with a label/);
});

test('a proposal that lies wholly in the open is accepted as it is', () => {
  const { commands, acts } = bench({ segments: [rectangle(0, 0, 40, 60)], proposals: [rectangle(42, 2, 36, 56)] });
  commands.fillVoid();
  assert.equal(acts.at(-1).operation, 'accept');
});

test('where no proposal fits the region is shown all the same', () => {
  const masks = { segments: [rectangle(0, 0, 40, 60)], proposals: [rectangle(0, 0, 41, 60)] };
  const { commands, acts, state, said } = bench(masks);
  commands.fillVoid();
  assert.match(said(), /^No proposal fits this region, 50 % of the photo/);
  assert.ok(equal(state().marked.mask, rectangle(40, 0, 40, 60)));
  assert.deepEqual(acts, []);
});

test('with every pixel covered the jump goes to what has no label', () => {
  const made = bench({ segments: [whole, rectangle(5, 5, 9, 9)] });
  made.store.dispatch({ type: 'set', values: { categories: new Map() } });
  made.commands.jumpToVoid();
  assert.deepEqual(made.state().selection, ['s1']);
});
