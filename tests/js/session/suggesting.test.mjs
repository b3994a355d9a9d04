import assert from 'node:assert/strict';
import { test } from 'node:test';
import { assistCommands } from '../../../assets/js/commands/assist.mjs';
import { keepWarm } from '../../../assets/js/session/assist.mjs';
import { keepSuggesting } from '../../../assets/js/session/suggesting.mjs';
import { boxMask } from '../../../assets/js/masks/algebra.mjs';
import { drawing, imageWith } from '../tools/drawing.mjs';

const BLOCK = boxMask([10, 10, 20, 20], 60, 80);
const OTHER = boxMask([40, 10, 20, 20], 60, 80);
const CATEGORIES = [
  { id: 1, name: 'car', colour: [1, 2, 3], is_thing: true },
  { id: 2, name: 'bus', colour: [3, 2, 1], is_thing: true },
];
const LABELS = [
  { category_id: 9, name: 'gone', score: 0.5 },
  { category_id: 2, name: 'bus', score: 0.4 },
  { category_id: 1, name: 'car', score: 0.09 },
];
const settled = () => new Promise((resolve) => setImmediate(resolve));

function suggesting(image, { model = { name: 'a' }, fails = false } = {}) {
  const asked = [];
  const assist = {
    async labels(id, mask, signal) {
      asked.push({ mask, signal });
      if (fails) throw new Error('no');
      return LABELS;
    },
  };
  const page = drawing(image, []);
  const workspace = { categories: CATEGORIES, default_threshold: 0.5, model };
  page.store.dispatch({ type: 'workspace', workspace });
  keepSuggesting(page.store, assist);
  const commands = assistCommands({ ...page, stage: { reveal: () => {} }, focusSearch: () => {} });
  const select = (key) => page.store.dispatch({ type: 'select', keys: [key] });
  return { ...page, asked, commands, select };
}

function unlabelled(...masks) {
  const image = imageWith({ segments: masks });
  for (const segment of image.segments) segment.category_id = null;
  return image;
}

test('the model is asked about a segment without a label once, and the first label that exists is one key away', async () => {
  const { asked, commands, select, acts } = suggesting(unlabelled(BLOCK));
  select('s1');
  select('s1');
  await settled();
  assert.equal(asked.length, 1);
  commands.applySuggestion();
  assert.deepEqual(acts[0], { operation: 'relabel', proposals: [], segments: [1], categoryId: 2, keys: [] });
});

test('about a labelled segment it is asked when that was drawn or edited', async () => {
  const { asked, commands, select } = suggesting(imageWith({ segments: [BLOCK, OTHER] }));
  select('s1');
  await settled();
  assert.equal(asked.length, 0);
  commands.suggest('s1');
  await settled();
  assert.equal(asked[0].mask, BLOCK);
});

test('another selection gives the question up', async () => {
  const { asked, select, state } = suggesting(unlabelled(BLOCK, OTHER));
  select('s1');
  select('s2');
  await settled();
  assert.deepEqual(asked.map(({ signal }) => signal.aborted), [true, false]);
  assert.equal(state().suggestions.counts, state().image.segments[1].counts);
});

test('a proposal’s own scores are its suggestions, by place', () => {
  const image = imageWith({ proposals: [BLOCK] });
  image.proposals[0].class_scores = [['bus', 0.6], ['region', 0.2], ['car', 0.1]];
  const { asked, commands, select, acts, state } = suggesting(image);
  select('p1');
  commands.score(1);
  assert.match(state().message.text, /region is not in the label set/);
  commands.score(3);
  assert.match(state().message.text, /3 suggestions/);
  commands.score(2);
  assert.deepEqual([acts[0].operation, acts[0].proposals, acts[0].categoryId], ['relabel', [1], 1]);
  assert.deepEqual(asked, []);
});

test('without a model, and where it has no answer, that is told', async () => {
  for (const [options, said] of [
    [{ model: null }, /No model is in use/],
    [{ fails: true }, /knows none of these labels/],
  ]) {
    const { commands, select, acts, state } = suggesting(unlabelled(BLOCK), options);
    select('s1');
    await settled();
    commands.applySuggestion();
    assert.match(state().message.text, said);
    assert.deepEqual(acts, []);
  }
});

test('the server looks at a photo that stays open once its proposals are there, and when the wand is taken', () => {
  const [warmed, given] = [[], []];
  let strike;
  const { store } = drawing(imageWith(), []);
  const warm = async (id, signal) => void (warmed.push(id), given.push(signal));
  const clock = { setTimeout: (run) => (strike = run), clearTimeout: () => (strike = () => {}) };
  keepWarm(store, { warm }, clock);
  const open = (id, state) => {
    const image = { ...imageWith(), id, proposing: { state, message: '' } };
    store.dispatch({ type: 'opened', image, photo: null, askedAt: 0 });
  };
  open(2, 'waiting');
  store.dispatch({ type: 'proposing', proposing: { state: 'running', message: '' } });
  assert.equal(strike, undefined);
  store.dispatch({ type: 'proposing', proposing: { state: 'ready', message: '' } });
  store.dispatch({ type: 'set', values: { view: 'semantic' } });
  assert.deepEqual(warmed, []);
  strike();
  open(3, 'off');
  assert.ok(given[0].aborted);
  open(4, 'off');
  strike();
  store.dispatch({ type: 'set', values: { tool: 'wand' } });
  strike();
  assert.deepEqual(warmed, [2, 4, 4]);
});
