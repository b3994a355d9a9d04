import assert from 'node:assert/strict';
import { test } from 'node:test';
import { applyAhead, applyAnswer, namedBy } from '../../../assets/js/truth/corrections.mjs';
import { makes } from '../../../assets/js/session/actions.mjs';
import { openImage } from '../../../assets/js/truth/items.mjs';
import { initialState, reduce } from '../../../assets/js/truth/state.mjs';
import { fixtures, needsFixtures } from '../fixtures.mjs';

function actionOf({ request }) {
  const created = Array.from({ length: makes(request.operation, partsOf(request)) }, (_, i) => -1 - i);
  return { ...request, imageId: 1, created };
}

function partsOf({ proposals, masks }) {
  return { proposals, masks };
}

const truth = ({ segments }) =>
  segments.map(({ counts, category_id, order, crowd, area, bbox }) => [counts, category_id, order, crowd, area, bbox]);
const madeOf = ({ segments }) => segments.map(({ source, proposals }) => [source, proposals]);
const decisions = ({ proposals }) => proposals.map(({ id, decision }) => [id, decision]);

test('what the page shows ahead is what the server makes of it', needsFixtures, () => {
  for (const one of fixtures.corrections) {
    const ahead = applyAhead(openImage(one.before), actionOf(one));
    assert.deepEqual(truth(ahead), truth(one.after), one.request.operation);
    assert.deepEqual(madeOf(ahead), madeOf(one.after), one.request.operation);
    assert.deepEqual(decisions(ahead), decisions(one.after), one.request.operation);
    assert.deepEqual([ahead.state, ahead.done], [one.after.state, one.after.done], one.request.operation);
    assert.equal(ahead.remark?.text, one.answer.remark?.text);
  }
});

test("the server's answer makes the server's image, and colours stay as shown ahead", needsFixtures, () => {
  for (const one of fixtures.corrections) {
    const image = applyAnswer(openImage(one.before), one.answer);
    assert.deepEqual(image.segments.map(({ id }) => id), one.after.segments.map(({ id }) => id));
    assert.deepEqual(truth(image), truth(one.after));
    assert.deepEqual(decisions(image), decisions(one.after));
    assert.deepEqual([image.state, image.done], [one.after.state, one.after.done]);
    assert.deepEqual([image.revision, image.remark], [one.after.revision, one.answer.remark]);
    const ahead = applyAhead(openImage(one.before), actionOf(one));
    assert.deepEqual(ahead.segments.map(({ hue }) => hue), image.segments.map(({ hue }) => hue));
  }
});

test('provisional segments get the names of the segments with their masks', needsFixtures, () => {
  for (const one of fixtures.corrections) {
    const action = actionOf(one);
    const ahead = applyAhead(openImage(one.before), action);
    const named = namedBy(action, one.answer);
    assert.equal(named.size, action.created.length);
    for (const [provisional, id] of named) {
      const counts = ahead.segments.find((segment) => segment.id === provisional).counts;
      assert.equal(one.after.segments.find((segment) => segment.id === id).counts, counts);
    }
  }
});

test('an answer that is no newer than the image changes nothing', needsFixtures, () => {
  const { after, answer } = fixtures.corrections[0];
  const image = openImage(after);
  assert.equal(applyAnswer(image, answer), image);
});

test('the selection and waiting corrections follow a segment to its real name', needsFixtures, () => {
  const one = fixtures.corrections.find(({ request }) => request.operation === 'accept');
  const accept = actionOf(one);
  const relabel = { ...accept, operation: 'relabel', proposals: [], created: [], segments: [-1], categoryId: 5 };
  const events = [
    { type: 'opened', image: openImage(one.before) },
    { type: 'acted', action: accept },
    { type: 'acted', action: relabel },
    { type: 'select', keys: ['s-1'] },
  ];
  const before = events.reduce(reduce, initialState());
  assert.equal(before.image.segments.find(({ id }) => id === -1).category_id, 5);
  const named = namedBy(accept, one.answer);
  const state = reduce(before, { type: 'saved', action: accept, answer: one.answer, named, follows: one.before.revision });
  assert.deepEqual(state.selection, [`s${named.get(-1)}`]);
  assert.equal(state.image.segments.find(({ id }) => id === named.get(-1)).category_id, 5);
  assert.deepEqual(state.pending, [relabel]);
});

test('a refused correction is taken back from what is shown', needsFixtures, () => {
  const one = fixtures.corrections.find(({ request }) => request.operation === 'delete');
  const action = actionOf(one);
  const events = [{ type: 'opened', image: openImage(one.before) }, { type: 'acted', action }];
  const shown = events.reduce(reduce, initialState());
  assert.equal(shown.image.segments.length, one.before.segments.length - 3);
  const state = reduce(shown, { type: 'dropped', actions: [action] });
  assert.deepEqual(truth(state.image), truth(one.before));
});

test('of segments with one order the order of the request counts when they are moved', () => {
  const segments = [1, 2, 3].map((id) => ({ id, hue: id, order: id === 3 ? 1 : 5, proposals: [] }));
  const request = { operation: 'reorder', segments: [2, 1, 3], proposals: [], created: [], toTop: true };
  const { segments: after } = applyAhead({ segments, proposals: [], state: 'in_work' }, request);
  assert.deepEqual(after.map(({ id }) => id), [3, 2, 1]);
});
