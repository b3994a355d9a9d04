import assert from 'node:assert/strict';
import { test } from 'node:test';
import { openImage } from '../../../assets/js/truth/items.mjs';
import { initialState, reduce } from '../../../assets/js/truth/state.mjs';

const SEGMENT = { id: 4, category_id: null, order: 1, crowd: false, source: 'drawn', proposals: [], area: 4, bbox: [0, 0, 2, 2], counts: '04' };

/** The state after the answer to an undo or another step that brings SEGMENT, with this selection before it. */
function answered(operation, selection) {
  const plain = { id: 1, width: 2, height: 2, revision: 5, done: false, segments: [{ ...SEGMENT, id: 9 }], proposals: [] };
  const action = { imageId: 1, operation, proposals: [], segments: [], created: [] };
  const answer = { revision: 6, state: 'in_work', segments: [SEGMENT], removed: [], decisions: {}, can_undo: true, can_redo: true };
  const before = { ...initialState(), base: openImage(plain), image: openImage(plain), selection, pending: [action] };
  return reduce(before, { type: 'saved', action, answer, named: new Map(), follows: 5 });
}

test('what an undo brought back is selected, unless something else is', () => {
  assert.deepEqual(answered('undo', []).selection, ['s4']);
  assert.deepEqual(answered('redo', []).selection, ['s4']);
  assert.deepEqual(answered('undo', ['s9']).selection, ['s9']);
  assert.deepEqual(answered('relabel', []).selection, []);
});
