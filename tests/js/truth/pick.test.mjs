import assert from 'node:assert/strict';
import { test } from 'node:test';
import { openImage } from '../../../assets/js/truth/items.mjs';
import { encodeMask } from '../../../assets/js/masks/masks.mjs';
import { alternates, isHidden, nextUndecided, pick, readingOrder, shownProposals, undecided } from '../../../assets/js/truth/pick.mjs';
import { initialState, reduce } from '../../../assets/js/truth/state.mjs';

/** A rectangle in a photo of 10 × 8 pixels. */
function box(x, y, width, height) {
  const spans = Array.from({ length: width }, (_, i) => [(x + i) * 8 + y, (x + i) * 8 + y + height]);
  const mask = { height: 8, width: 10, starts: spans.map(([start]) => start), ends: spans.map(([, end]) => end) };
  return { counts: encodeMask(mask), area: width * height, bbox: [x, y, width, height] };
}

function proposal(id, score, decision, ...place) {
  return { id, score, decision, category_id: null, name: 'region', ...box(...place) };
}

const image = openImage({
  id: 1,
  width: 10,
  height: 8,
  revision: 0,
  segments: [{ id: 1, category_id: null, order: 1, crowd: false, ...box(0, 0, 10, 7) }],
  proposals: [
    proposal(11, 0.9, 'undecided', 2, 2, 4, 4),
    proposal(12, 0.8, 'accepted', 0, 0, 3, 3),
    proposal(13, 0.7, 'deferred', 3, 3, 1, 1),
    proposal(14, 0.6, 'undecided', 6, 0, 2, 2),
    proposal(15, 0.2, 'undecided', 3, 3, 2, 2),
  ],
});
const state = [{ type: 'opened', image }].reduce(reduce, initialState());
const keys = (items) => items.map(({ key }) => key);

test('in sight are the proposals at or above the threshold that are not decided for good', () => {
  assert.deepEqual(keys(shownProposals(state)), ['p11', 'p13', 'p14']);
  assert.deepEqual(keys(undecided(state)), ['p11', 'p14']);
  assert.deepEqual(keys(shownProposals({ ...state, threshold: 0.6 })), ['p11', 'p13', 'p14']);
  assert.deepEqual(keys(shownProposals({ ...state, hidden: new Set(['p11']) })), ['p13', 'p14']);
  assert.deepEqual(shownProposals({ ...state, masksShown: false }), []);
});

test('the pointer takes the smallest mask in sight', () => {
  assert.equal(pick(state, 3, 3).key, 'p13');
  assert.equal(pick(state, 4, 4).key, 'p11');
  assert.equal(pick(state, 9, 0).key, 's1');
  assert.equal(pick(state, 9, 7), null);
});

test('alternates under the pointer go from small to large, then to those out of sight', () => {
  assert.deepEqual(keys(alternates(state, 3, 3)), ['p13', 'p11', 's1', 'p15']);
});

test('the next undecided proposal follows in rank and starts over', () => {
  assert.equal(nextUndecided(state, null).key, 'p11');
  assert.equal(nextUndecided(state, 11).key, 'p14');
  assert.equal(nextUndecided(state, 14).key, 'p11');
  assert.equal(nextUndecided({ ...state, threshold: 0.95 }, null), null);
});

test('the reading order goes row by row', () => {
  assert.deepEqual(keys(readingOrder(state)), ['s1', 'p14', 'p11', 'p13']);
});

test('what is hidden by hand is no alternate, alone or with all', () => {
  const one = { ...state, hidden: new Set(['p15']) };
  assert.deepEqual(keys(alternates(one, 3, 3)), ['p13', 'p11', 's1']);
  const all = { ...state, masksShown: false };
  assert.deepEqual([alternates(all, 3, 3), isHidden(all, 's1'), isHidden(one, 's1')], [[], true, false]);
});
