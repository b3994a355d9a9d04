import assert from 'node:assert/strict';
import { test } from 'node:test';
import { drawCommands } from '../../../assets/js/commands/draw.mjs';
import { boxMask, equal, fromSpans } from '../../../assets/js/masks/algebra.mjs';
import { contains } from '../../../assets/js/masks/masks.mjs';
import { scaled } from '../../../assets/js/tools/copy.mjs';
import { drawing, imageWith } from './drawing.mjs';

/** The same noise for the same seed. */
function noise(height, width, seed) {
  const spans = [];
  for (let pixel = 0, state = seed; pixel < height * width; pixel++) {
    state = (Math.imul(state, 1103515245) + 12345) >>> 0;
    if (state & 0x10000) spans.push(pixel, pixel + 1);
  }
  return fromSpans(height, width, spans);
}

test('a scaled mask has the pixel under each new pixel’s centre', () => {
  for (const [from, to] of [
    [
      [7, 5],
      [7, 5],
    ],
    [
      [7, 5],
      [14, 15],
    ],
    [
      [9, 12],
      [4, 5],
    ],
    [
      [13, 4],
      [5, 11],
    ],
    [
      [1, 1],
      [3, 2],
    ],
    [
      [6, 6],
      [1, 1],
    ],
  ]) {
    const mask = noise(...from, 7 * from[0] + to[1]);
    const copy = scaled(mask, { height: to[0], width: to[1] });
    assert.deepEqual([copy.height, copy.width], to);
    for (let y = 0; y < to[0]; y++) {
      for (let x = 0; x < to[1]; x++) {
        const [row, column] = [Math.floor(((y + 0.5) * from[0]) / to[0]), Math.floor(((x + 0.5) * from[1]) / to[1])];
        assert.equal(contains(copy, x, y), contains(mask, column, row), `${from} to ${to} at ${x}, ${y}`);
      }
    }
  }
});

/** The selection of a photo copied to one of half its size. */
async function copied(image, selection, { next = { id: 2, file_name: '2.jpg', width: 40, height: 30 } } = {}) {
  const page = drawing({ ...image, next_id: next && 2 }, selection);
  const { store, tools, session } = page;
  const api = {
    imageAhead: async () => {
      if (next instanceof Error) throw next;
      return next;
    },
  };
  session.open = async () =>
    store.dispatch({ type: 'opened', image: { ...imageWith(), ...next }, photo: null, askedAt: 0 });
  await drawCommands({ store, session, api, tools }).copyToNext();
  return page;
}

const BLOCK = boxMask([10, 10, 20, 20], 60, 80);
const DOT = boxMask([0, 0, 1, 1], 60, 80);

test('copies keep their category and are selected on the next photo; what vanished is told', async () => {
  const image = imageWith({ segments: [BLOCK, BLOCK, DOT] });
  image.segments[1].category_id = null;
  const { acts, state } = await copied(image, ['s1', 's2', 's3']);
  assert.deepEqual(
    acts.map(({ operation, categoryId, image: { id }, masks }) => [operation, categoryId, id, masks.length]),
    [
      ['draw', 1, 2, 1],
      ['draw', null, 2, 1],
    ],
  );
  assert.ok(equal(acts[0].masks[0], boxMask([5, 5, 10, 10], 30, 40)));
  assert.deepEqual([state().image.id, state().selection], [2, acts.flatMap(({ keys }) => keys)]);
  assert.match(state().message.text, /^2 copies from 1.jpg, scaled from 80 × 60 to 40 × 30; 1 vanished/);
});

test('copies lie upon each other as the masks do, and crowds stay crowds', async () => {
  const image = imageWith({ segments: [BLOCK, BLOCK, BLOCK, BLOCK], proposals: [DOT, BLOCK] });
  const facts = [
    { order: 3, category_id: 1, crowd: true },
    { order: 1, category_id: 1 },
    { order: 4, category_id: 2 },
    { order: 2, category_id: 1 },
  ];
  facts.forEach((fact, index) => Object.assign(image.segments[index], fact));
  const { acts, state } = await copied(image, ['p1', 's3', 's1', 'p2', 's2', 's4'], {
    next: { id: 2, file_name: '2.jpg', width: 80, height: 60 },
  });
  assert.deepEqual(
    acts.map(({ categoryId, crowd, masks }) => [categoryId, crowd, masks.length]),
    [
      [1, false, 2],
      [1, true, 1],
      [2, false, 1],
      [1, false, 2],
    ],
  );
  assert.deepEqual(acts.at(-1).masks, [BLOCK, DOT]);
  assert.match(state().message.text, /^6 copies from 1.jpg. .* takes them back, one label at a time\.$/);
});

test('nothing is copied without a selection, on the last photo, or when the next one does not come', async () => {
  const image = imageWith({ segments: [BLOCK] });
  for (const [selection, options, said] of [
    [[], {}, /^Select a mask first/],
    [['s1'], { next: null }, /last photo/],
    [['s1'], { next: new Error('no connection') }, /^Not copied.*no connection/],
  ]) {
    const { acts, state } = await copied(image, selection, options);
    assert.equal(acts.length, 0);
    assert.match(state().message.text, said);
  }
});
