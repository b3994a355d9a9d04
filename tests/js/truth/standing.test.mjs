import assert from 'node:assert/strict';
import { test } from 'node:test';
import { expectation, misfit } from '../../../assets/js/truth/expectation.mjs';
import { THEIRS, sift, standing } from '../../../assets/js/truth/standing.mjs';

const act = (name, change = {}) => ({ name, operation: 'reject', segments: [], proposals: [], created: [], ...change });
const undo = act('undo', { operation: 'undo' });
const redo = act('redo', { operation: 'redo' });
const names = (actions) => actions.map(({ name }) => name);

test('undo and redo among waiting corrections take back and bring back the last one', () => {
  const [a, b, c] = ['a', 'b', 'c'].map((name) => act(name));
  assert.deepEqual(names(standing([a, b, undo])), ['a']);
  assert.deepEqual(names(standing([a, b, undo, undo, redo])), ['a']);
  assert.deepEqual(names(standing([a, undo, b, redo])), ['b']);
  assert.deepEqual(names(standing([undo, undo, redo, a])), ['a']);
  assert.deepEqual(names(standing([redo, a, undo, c])), ['c']);
});

test('of what is refused its own undo is not sent either, and a redo asks for it again', () => {
  const [a, b] = [act('a'), act('b')];
  const refuse = (_, action) => (action.name === 'a' ? 'no' : null);
  const sifted = (actions) => {
    const { kept, refused } = sift(null, actions, refuse);
    return { kept, refused };
  };
  assert.deepEqual(sifted([a, undo, b]), { kept: [b], refused: [] });
  assert.deepEqual(sifted([a, undo, redo]), { kept: [], refused: [{ action: a, why: 'no' }] });
  assert.deepEqual(sift(null, [b, a, undo, undo], refuse).kept, [b, undo]);
  assert.deepEqual(sift(null, [undo, a], refuse).kept, [undo]);
});

test('what names a segment that a refused correction would have made is refused with it', () => {
  const a = act('a', { created: [-5] });
  const b = act('b', { operation: 'relabel', segments: [-5], created: [-6] });
  const c = act('c', { segments: [-6] });
  const { kept, refused } = sift(null, [a, b, c, act('d')], (_, { name }) => (name === 'a' ? 'no' : null));
  assert.deepEqual(names(kept), ['d']);
  assert.deepEqual(refused.map(({ why }) => why), ['no', ...Array(2).fill('it was made on a region that is not there')]);
});

const image = (segments, decisions = {}, change = {}) => ({
  segments: segments.map(([id, category_id, counts]) => ({ id, category_id, counts })),
  proposals: Object.entries(decisions).map(([id, decision]) => ({ id: Number(id), decision })),
  done: false,
  ...change,
});
const made = (on, change) => {
  const action = act('a', change);
  return { ...action, expected: expectation(on, action) };
};

test('a correction fits while the masks it names are as they were', () => {
  const before = image([[1, 4, 'aa'], [2, 4, 'bb']], { 9: 'undecided' });
  const edit = made(before, { operation: 'edit', segments: [1] });
  assert.equal(misfit(image([[1, 4, 'aa']]), edit), null);
  assert.equal(misfit(image([[2, 4, 'aa']]), edit), 'its segment is gone');
  assert.equal(misfit(image([[1, 4, 'ab']]), edit), 'the shape of its segment was changed');
  assert.equal(misfit(image([[1, 5, 'aa']]), edit), 'its segment was given another label');
  const reject = made(before, { proposals: [9] });
  assert.equal(misfit(image([], { 9: 'accepted' }), reject), 'the proposal is accepted now');
  assert.equal(misfit(image([]), reject), 'the model has made other proposals');
  const done = made(before, { operation: 'send_back' });
  assert.equal(misfit(image([], {}, { state: 'in_work' }), done), null);
  assert.equal(misfit(image([], {}, { state: 'approved', done: true }), done), 'the photo is approved now');
});

test('both accepted one proposal: what names my segment of it means theirs, unless they changed it', () => {
  const at = (segments, decision) => ({
    segments: segments.map((segment) => ({ order: 1, proposals: [9], ...segment })),
    proposals: [{ id: 9, area: 4, category_id: 4, counts: 'aa', decision }],
    done: false,
  });
  const accept = { ...made(at([], 'undecided'), { operation: 'accept', proposals: [9] }), created: [-5] };
  const mine = at([{ id: -5, category_id: 4, counts: 'aa' }], 'accepted');
  const relabel = made(mine, { operation: 'relabel', segments: [-5], categoryId: 6 });
  const same = sift(at([{ id: 3, category_id: 4, counts: 'aa' }], 'accepted'), [accept, relabel], misfit);
  assert.deepEqual(same, { kept: [relabel], refused: [], named: new Map([[-5, 3]]) });
  const other = sift(at([{ id: 3, category_id: 4, counts: 'ab' }], 'accepted'), [accept, relabel], misfit);
  assert.deepEqual(other.refused.map(({ why }) => why), ['the shape of its segment was changed']);
  const parts = at([{ id: 3, category_id: 4, counts: 'ab' }, { id: 4, category_id: 4, counts: 'ba' }], 'accepted');
  assert.equal(sift(parts, [accept, relabel], misfit).refused.length, 1);
});

/** A row on a segment of a proposal that somebody else has accepted meanwhile: `row` names ours -5 and may make -8. */
function rowOnTheirs(...row) {
  const shape = { order: 1, proposals: [9], counts: 'aa', category_id: 4 };
  const at = (segments, decision) => ({
    segments: segments.map((segment) => ({ ...shape, ...segment })),
    proposals: [{ id: 9, area: 4, category_id: 4, counts: 'aa', decision }],
    done: false,
  });
  const accept = { ...made(at([], 'undecided'), { operation: 'accept', proposals: [9] }), created: [-5] };
  const mine = at([{ id: -5 }], 'accepted');
  const actions = [accept, ...row.map((change, index) => ({ ...made(mine, { segments: [-5], ...change }), name: String(index) }))];
  const { kept, refused } = sift(at([{ id: 3 }], 'accepted'), actions, misfit);
  return { kept: names(kept), refused: refused.map(({ action, why }) => [action.name, why]) };
}

test('both accepted one proposal: theirs is never taken away by what was done to mine', () => {
  const remove = { operation: 'delete' };
  assert.deepEqual(rowOnTheirs(remove), { kept: [], refused: [['0', THEIRS]] });
  assert.deepEqual(rowOnTheirs({ operation: 'merge', created: [-8] }), { kept: [], refused: [['0', THEIRS]] });
  assert.deepEqual(rowOnTheirs({ operation: 'reorder' }), { kept: ['0'], refused: [] });
  const back = { operation: 'undo', segments: [] };
  assert.deepEqual(rowOnTheirs(remove, back), { kept: [], refused: [] });
  assert.deepEqual(rowOnTheirs({ operation: 'delete', segments: [-5, 7] }).refused, [['0', THEIRS]]);
});

test('what I threw away again is not labelled for them, and a part of theirs is theirs', () => {
  const relabel = { operation: 'relabel', categoryId: 6 };
  assert.deepEqual(rowOnTheirs(relabel, { operation: 'delete' }), { kept: [], refused: [['1', THEIRS]] });
  const halves = ['022', '22'].map((counts) => ({ size: [2, 2], counts }));
  const slice = { operation: 'slice', created: [-8], masks: halves };
  assert.deepEqual(rowOnTheirs(slice, { operation: 'delete', segments: [-8] }), { kept: ['0'], refused: [['1', THEIRS]] });
});

test('what was pushed while the first of a row was judged spares theirs too', () => {
  const at = (id) => image([[id, 4, 'aa']]);
  const remove = made(at(-5), { operation: 'delete', segments: [-5] });
  const known = new Map([[-5, 3]]);
  assert.deepEqual(sift(at(3), [remove], misfit, known, new Set([-5])).refused, [{ action: remove, why: THEIRS }]);
  const seen = made(at(3), { operation: 'delete', segments: [3] });
  assert.deepEqual(sift(at(3), [seen], misfit, known, new Set([-5])).kept, [seen]);
});

test('what somebody else has done already need not be sent', () => {
  const before = image([[1, 4, 'aa']], { 9: 'undecided' });
  assert.equal(misfit(image([], { 9: 'rejected' }), made(before, { proposals: [9] })), '');
  assert.equal(misfit(image([]), made(before, { operation: 'delete', segments: [1] })), '');
  assert.equal(misfit(image([[1, 6, 'aa']]), made(before, { operation: 'relabel', segments: [1], categoryId: 6 })), '');
  assert.equal(misfit(image([], {}, { done: true }), made(before, { operation: 'done', done: true })), '');
});
