import assert from 'node:assert/strict';
import { test } from 'node:test';
import { onAnswer } from '../../../assets/js/page/returning.mjs';
import { initialState } from '../../../assets/js/truth/state.mjs';

const state = (change = {}) => ({ ...initialState(), image: { id: 1 }, ...change });

test('when the server is back the page loads itself anew, unless work is under way or would be lost', () => {
  assert.equal(onAnswer(state(), true), 'reload');
  assert.equal(onAnswer(state(), false), 'tell');
  const underWay = [{ tool: 'polygon' }, { awaitingLabel: 3 }, { opening: 2 }, { message: { text: '', kind: 'wait' } }];
  const unsent = [{ pending: [{}] }, { saving: { pending: 1 } }, { keeping: false, unsent: [{}] }];
  for (const change of [...underWay, ...unsent]) assert.equal(onAnswer(state(change), true), 'tell', JSON.stringify(change));
  assert.equal(onAnswer(state({ unsent: [{}] }), true), 'reload');
});

test('a page that could show no photo has nothing to wait for', () => {
  assert.equal(onAnswer(state({ image: null }), false), 'reload');
  assert.equal(onAnswer(state({ image: null, pending: [{}] }), false), 'tell');
});
