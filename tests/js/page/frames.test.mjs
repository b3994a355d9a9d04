import assert from 'node:assert/strict';
import { test } from 'node:test';
import { onceAFrame } from '../../../assets/js/page/frames.mjs';
import { createStore } from '../../../assets/js/truth/state.mjs';

test('however much happens before a frame, a part is drawn once, and told of all of it', () => {
  const store = createStore();
  const frames = [];
  const drawn = [];
  onceAFrame(store, (state, before) => drawn.push([before, state]), (run) => frames.push(run));
  const first = store.state;
  store.dispatch({ type: 'set', values: { opacity: 0.1 } });
  store.dispatch({ type: 'set', values: { opacity: 0.2 } });
  assert.deepEqual(drawn, []);
  frames.shift()();
  assert.deepEqual(drawn, [[first, store.state]]);
  const second = store.state;
  store.dispatch({ type: 'set', values: { opacity: 0.3 } });
  frames.shift()();
  assert.deepEqual(drawn[1], [second, store.state]);
  assert.equal(frames.length, 0);
});
