import assert from 'node:assert/strict';
import { test } from 'node:test';
import { assistCommands } from '../../../assets/js/commands/assist.mjs';
import { boxMask } from '../../../assets/js/masks/algebra.mjs';
import { drawing, imageWith } from '../tools/drawing.mjs';

const settled = () => new Promise((resolve) => setImmediate(resolve));

/** A drawn segment without a label is selected, and the model is asked about it. */
function asking() {
  const image = imageWith({ segments: [boxMask([10, 10, 20, 20], 60, 80)] });
  Object.assign(image.segments[0], { category_id: null });
  const page = drawing(image, ['s1']);
  const categories = [
    { id: 1, name: 'car', colour: [1, 2, 3], is_thing: true },
    { id: 2, name: 'bus', colour: [4, 5, 6], is_thing: true },
  ];
  page.store.dispatch({ type: 'workspace', workspace: { categories, default_threshold: 0.5, model: 'm' } });
  const commands = assistCommands({ ...page, stage: { reveal() {} }, focusSearch() {} });
  async function answer(labels) {
    const { counts } = image.segments[0];
    page.store.dispatch({ type: 'set', values: { suggestions: { imageId: image.id, counts, labels } } });
    await settled();
  }
  return { ...page, ...commands, answer };
}

const CAR = { category_id: 1, name: 'car', score: 0.7 };
const BUS = { category_id: 2, name: 'bus', score: 0.2 };

test('a suggestion that is asked for too early is taken when it comes', async () => {
  const early = asking();
  early.score(1);
  assert.match(early.state().message.text, /taken when it comes/);
  await early.answer([CAR, BUS]);
  assert.deepEqual([early.acts[0].operation, early.acts[0].categoryId], ['relabel', 2]);
  assert.equal(early.state().message.text, 'Labelled “bus”.');
  const first = asking();
  first.applySuggestion();
  await first.answer([CAR]);
  assert.equal(first.acts[0].categoryId, 1);
});

test('where the answer has none the message says so, and another selection is left alone', async () => {
  const none = asking();
  none.score(0);
  await none.answer([]);
  assert.deepEqual([none.acts, /knows none of these labels/.test(none.state().message.text)], [[], true]);
  const other = asking();
  other.score(0);
  other.store.dispatch({ type: 'select', keys: [] });
  other.store.dispatch({ type: 'select', keys: ['s1'] });
  await other.answer([CAR]);
  assert.deepEqual(other.acts, []);
});
