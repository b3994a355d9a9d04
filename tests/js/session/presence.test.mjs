import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createPresence } from '../../../assets/js/session/presence.mjs';
import { createStore } from '../../../assets/js/truth/state.mjs';

const settled = () => new Promise((resolve) => setTimeout(resolve, 5));
const nobody = { people: [], revision: 3, label_set: 1 };

/** Presence on image 7 at revision 3 over a server that answers `answers` in turn, the last one for ever. */
function present(t, answers, { pending = [] } = {}) {
  const listeners = {};
  globalThis.document = { hidden: false, addEventListener: (name, run) => (listeners[name] = run) };
  t.after(() => delete globalThis.document);
  const store = createStore();
  const base = { id: 7, revision: 3, segments: [], proposals: [] };
  store.dispatch({ type: 'set', values: { base, image: base, pending } });
  const asked = [];
  const called = [];
  const timers = [];
  const page = {
    fetch: async (url, { body }) => {
      asked.push(JSON.parse(body));
      const answer = answers.length > 1 ? answers.shift() : answers[0];
      if (answer instanceof Error) throw answer;
      const status = answer.status ?? 200;
      return { ok: status === 200, status, json: async () => answer };
    },
    setTimeout: (run, ms) => timers.push({ run, ms }),
    clearTimeout: () => {},
    addEventListener: (name, run) => (listeners[name] = run),
  };
  const session = { refresh: async () => called.push('refresh'), reloadWorkspace: async () => called.push('reload') };
  createPresence({ store, session, page }).start();
  const poll = async () => {
    timers.at(-1).run();
    await settled();
  };
  return { store, asked, called, timers, listeners, poll };
}

test('it says which image is open, and who is there is known', async (t) => {
  const people = [{ user: 'bea', image_id: 7, you: false }];
  const { store, asked, called, timers } = present(t, [{ ...nobody, people }]);
  await settled();
  assert.equal(asked[0].image_id, 7);
  assert.ok(asked[0].client.length >= 8);
  assert.deepEqual(store.state.people, people);
  assert.deepEqual(called, []);
  assert.equal(timers.at(-1).ms, 4000);
});

test('what others did to the image is taken in', async (t) => {
  const { called } = present(t, [{ ...nobody, revision: 4 }]);
  await settled();
  assert.deepEqual(called, ['refresh']);
});

test('not while something of one’s own is on its way, and then at the next poll', async (t) => {
  const { store, called, poll } = present(t, [{ ...nobody, revision: 4, label_set: 1 }], { pending: [{ imageId: 8 }] });
  await settled();
  assert.deepEqual(called, []);
  store.dispatch({ type: 'set', values: { pending: [] } });
  await poll();
  assert.deepEqual(called, ['refresh']);
});

test('an answer about an image that is no longer open changes nothing', async (t) => {
  const { store, called } = present(t, [{ ...nobody, revision: 4 }, nobody]);
  store.dispatch({ type: 'set', values: { base: { id: 8, revision: 0, segments: [], proposals: [] } } });
  await settled();
  assert.deepEqual(called, []);
});

test('another image is told at once, also while an answer is awaited', async (t) => {
  const { store, asked, timers } = present(t, [nobody]);
  store.dispatch({ type: 'set', values: { base: { id: 8, revision: 0, segments: [], proposals: [] } } });
  await settled();
  assert.equal(timers.at(-1).ms, 0);
  timers.at(-1).run();
  await settled();
  assert.deepEqual(asked.map(({ image_id }) => image_id), [7, 8]);
});

test('a newer label set is loaded, once', async (t) => {
  const { called, poll } = present(t, [nobody, { ...nobody, label_set: 2 }]);
  await settled();
  await poll();
  await poll();
  assert.deepEqual(called, ['reload']);
});

test('without a connection nobody is known to be there, and it goes on asking', async (t) => {
  const people = [{ user: 'bea', image_id: 7, you: false }];
  const { store, asked, poll } = present(t, [{ ...nobody, people }, new TypeError('failed'), { ...nobody, people }]);
  await settled();
  await poll();
  assert.deepEqual(store.state.people, []);
  await poll();
  assert.deepEqual(store.state.people, people);
  assert.equal(asked.length, 3);
});

test('whoever was logged out is told, until they are in again', async (t) => {
  const { store, poll } = present(t, [{ status: 401 }, nobody]);
  await settled();
  assert.equal(store.state.loggedOut, true);
  await poll();
  assert.equal(store.state.loggedOut, false);
});

test('a hidden page asks less often, and at once when it is looked at again', async (t) => {
  const { asked, timers, listeners, poll } = present(t, [nobody]);
  await settled();
  document.hidden = true;
  await poll();
  assert.equal(timers.at(-1).ms, 10000);
  document.hidden = false;
  listeners.visibilitychange();
  await settled();
  assert.equal(asked.length, 3);
});

test('an unchanged answer wakes nobody', async (t) => {
  const people = [{ user: 'bea', image_id: 7, you: false }];
  const { store, poll } = present(t, [{ ...nobody, people }]);
  await settled();
  let changes = 0;
  store.subscribe(() => changes++);
  await poll();
  assert.equal(changes, 0);
});
