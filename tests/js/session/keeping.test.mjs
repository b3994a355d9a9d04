import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createKeeper } from '../../../assets/js/session/keeper.mjs';
import { keepSeen } from '../../../assets/js/session/shelf.mjs';
import { createUnsent } from '../../../assets/js/session/unsent.mjs';
import { createStore } from '../../../assets/js/truth/state.mjs';
import { memoryDatabase } from './memory.mjs';

const entry = (seq, change = {}) => ({ client: 'tab', seq, madeAt: 1000, why: null, ...change });

test('what a tab has made keeps its order when the clock goes back', async () => {
  const keeper = createKeeper(Promise.resolve(memoryDatabase()), assert.fail);
  for (const [seq, madeAt] of [[1, 9000], [2, 10], [3, 20]]) await keeper.keep(entry(seq, { madeAt }));
  assert.deepEqual((await keeper.all()).map(({ seq }) => seq), [1, 2, 3]);
});

test('a browser that cannot be read says so once and does not pass for an empty one', async () => {
  const troubles = [];
  const keeper = createKeeper(Promise.reject(new Error('no database')), (error) => troubles.push(error.message));
  assert.equal(await keeper.all(), undefined);
  assert.equal(await keeper.keep(entry(1)), false);
  assert.deepEqual(troubles, ['no database']);
});

test('what was not applied stays listed although the browser could not keep it, until it is let go', () => {
  const store = createStore();
  const unsent = createUnsent({ store, keeper: { settle: () => {} } });
  const listed = () => store.state.unsent.map(({ seq }) => seq);
  const [mine, other] = [entry(1, { why: 'no' }), entry(2, { why: 'no' })];
  unsent.add([mine]);
  unsent.show([other]);
  unsent.show([other]);
  assert.deepEqual(listed(), [2, 1]);
  unsent.show([]);
  assert.deepEqual(listed(), [1]);
  unsent.discard(mine);
  unsent.show([]);
  assert.deepEqual(listed(), []);
});

test('the newest of a photo is kept although the next one is opened at once', (t) => {
  t.mock.timers.enable({ apis: ['setTimeout'] });
  const store = createStore();
  const kept = [];
  keepSeen({ keepImage: async ({ id, revision }) => kept.push([id, revision]) }, store);
  const see = (id, revision) => store.dispatch({ type: 'set', values: { base: { id, revision, segments: [], proposals: [] } } });
  see(1, 4);
  see(1, 5);
  see(2, 0);
  assert.deepEqual(kept, [[1, 5]]);
  t.mock.timers.tick(1000);
  see(3, 0);
  assert.deepEqual(kept, [[1, 5], [2, 0]]);
});
