import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createTypeAhead } from '../../../assets/js/session/typeahead.mjs';
import { createStore } from '../../../assets/js/truth/state.mjs';

const settled = () => new Promise((resolve) => setTimeout(resolve));

function page() {
  const store = createStore();
  const set = (values) => store.dispatch({ type: 'set', values });
  const typeAhead = createTypeAhead(store);
  const ran = [];
  set({ base: { id: 1 } });
  return {
    set,
    ran,
    type: (name, also = () => {}) =>
      typeAhead.soon(() => {
        ran.push(`${name} on ${store.state.base.id}`);
        also();
      }),
    comes: (id) => {
      set({ base: { id } });
      set({ opening: null });
    },
  };
}

test('what is typed while a photo is on its way is done on it, in order', async () => {
  const { set, ran, type, comes } = page();
  set({ opening: 2 });
  type('accept');
  type('reject');
  await settled();
  assert.deepEqual(ran, []);
  comes(2);
  await settled();
  assert.deepEqual(ran, ['accept on 2', 'reject on 2']);
});

test('a command that opens the next photo leaves the others to that', async () => {
  const { set, ran, type, comes } = page();
  set({ opening: 2 });
  type('next', () => set({ opening: 3 }));
  type('accept');
  comes(2);
  await settled();
  assert.deepEqual(ran, ['next on 2']);
  comes(3);
  await settled();
  assert.deepEqual(ran, ['next on 2', 'accept on 3']);
});

test('nothing is done on the photo that is open where the other does not come, or another is chosen', async () => {
  const { set, ran, type, comes } = page();
  set({ opening: 2 });
  type('accept');
  set({ opening: null });
  await settled();
  set({ opening: 3 });
  type('reject');
  set({ opening: 4 });
  comes(4);
  await settled();
  assert.deepEqual(ran, []);
});

test('what follows an undo waits for its answer, but not without a connection', async () => {
  const { set, ran, type } = page();
  const undo = { operation: 'undo', imageId: 1 };
  set({ pending: [undo] });
  type('undo');
  type('draw');
  assert.deepEqual(ran, []);
  set({ pending: [] });
  await settled();
  assert.deepEqual(ran, ['undo on 1', 'draw on 1']);
  set({ pending: [undo], online: false });
  type('accept');
  assert.equal(ran.at(-1), 'accept on 1');
});

test('what is done with nothing under way is done at once', () => {
  const { ran, type } = page();
  type('accept');
  assert.deepEqual(ran, ['accept on 1']);
});
