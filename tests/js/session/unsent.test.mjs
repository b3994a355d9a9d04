import assert from 'node:assert/strict';
import { test } from 'node:test';
import { again } from '../../../assets/js/session/unsent.mjs';

const wire = { size: [2, 2], counts: '04' };
const state = (segments, decisions = {}) => ({
  image: {
    segments: segments.map(([id, proposals = []]) => ({ id, proposals, category_id: 1, counts: '04' })),
    proposals: Object.entries(decisions).map(([id, decision]) => ({ id: Number(id), decision })),
    done: false,
  },
  names: new Map(),
  categories: new Map([[1, { id: 1 }]]),
});
const entry = (operation, change) => ({
  action: { operation, segments: [], proposals: [], categoryId: null, mask: null, masks: null, ...change },
});

test('a drawn region whose label was removed meanwhile is applied without one, and that is said', () => {
  const { action, said } = again(entry('draw', { mask: wire, categoryId: 7 }), state([]));
  assert.deepEqual([action.operation, action.mask, action.categoryId], ['draw', wire, null]);
  assert.match(said, /^Its label is not in the label set any more/);
  const kept = again(entry('draw', { mask: wire, categoryId: 1 }), state([]));
  assert.deepEqual([kept.action.categoryId, kept.said], [1, '']);
});

test('a label that was removed meanwhile is given to nothing', () => {
  const { action, said } = again(entry('relabel', { segments: [3], categoryId: 7 }), state([[3]]));
  assert.equal(action, null);
  assert.match(said, /^The label that it gives/);
});

test('what was meant for a proposal goes to the segment that somebody has made of it', () => {
  const now = state([[3, [9]]], { 9: 'accepted' });
  const relabel = again(entry('relabel', { proposals: [9], categoryId: 1 }), now).action;
  assert.deepEqual([relabel.segments, relabel.proposals], [[3], []]);
  assert.deepEqual(relabel.expected.segments, [{ category: 1, counts: '04' }]);
  assert.equal(again(entry('reject', { proposals: [9] }), now).action, null);
});

test('a merge of masks of which one is left says that nothing is left to merge', () => {
  const merge = entry('merge', { segments: [3], proposals: [9] });
  assert.match(again(merge, state([[3]])).said, /nothing is left to merge/);
  const { action } = again(merge, state([[3], [4, [9]]], { 9: 'accepted' }));
  assert.deepEqual([action.segments, action.proposals], [[3, 4], []]);
});
