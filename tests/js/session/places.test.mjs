import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createPlaces } from '../../../assets/js/session/places.mjs';
import { createPreferences } from '../../../assets/js/session/preferences.mjs';
import { createStore } from '../../../assets/js/truth/state.mjs';

function browser() {
  const kept = new Map();
  return createPreferences({ getItem: (name) => kept.get(name) ?? null, setItem: (name, value) => kept.set(name, value) });
}

/** A page of workspace `id` just loaded in a browser. */
function loaded(preferences, id) {
  const store = createStore();
  const workspace = { id, user: 'ann', categories: [{ id: 5, name: 'car', colour: [1, 2, 3] }], default_threshold: 0.5 };
  store.dispatch({ type: 'workspace', workspace });
  const places = createPlaces(preferences, store);
  places.start();
  return { store, places, set: (values) => store.dispatch({ type: 'set', values }) };
}

test('the photo, the view and the filter are those of last time, in each workspace its own', () => {
  const preferences = browser();
  const first = loaded(preferences, 'a');
  first.set({ base: { id: 7, segments: [], proposals: [] } });
  first.set({ view: 'panoptic', filter: { state: 'in_work', category_id: 5, order: 'name' } });
  const again = loaded(preferences, 'a');
  assert.equal(again.places.lastImage(), 7);
  assert.equal(again.store.state.view, 'panoptic');
  assert.deepEqual(again.store.state.filter, { order: 'name', state: 'in_work', category_id: 5 });
  const other = loaded(preferences, 'b');
  assert.deepEqual([other.places.lastImage(), other.store.state.filter], [null, {}]);
});
