import assert from 'node:assert/strict';
import { test } from 'node:test';
import { applied, bodyOf, cameThrough, stillFits } from '../../../assets/js/labels/steps.mjs';

const used = { segments: 0, images: 0, segments_on_deleted: 0 };
const label = (id, name, more = {}) => ({ id, name, is_thing: true, colour: [id, 0, 0], key: null, ...used, ...more });
const SET = [label(1, 'person'), label(3, 'car'), label(7, 'sky')];
const names = (categories) => categories.map(({ name }) => name).join(' ');
const put = (id, before) => ({ kind: 'place', id, before });
const rename = (id, name) => ({ kind: 'change', id, fields: { name } });

test('a change leaves what it does not name as it is by then', () => {
  const since = applied(SET, { kind: 'change', id: 3, fields: { is_thing: false } });
  assert.deepEqual(bodyOf(rename(3, 'lorry'), since), {
    kind: 'change', id: 3, name: 'lorry', is_thing: false, colour: [3, 0, 0], key: null,
  });
  assert.equal(bodyOf(rename(3, 'car'), SET), null);
});

test('a move goes on from where the label is by then, and stops at the ends', () => {
  const down = { kind: 'move', id: 1, by: 1 };
  assert.deepEqual(bodyOf(down, applied(SET, down)), { kind: 'reorder', order: [3, 7, 1] });
  assert.equal(bodyOf({ kind: 'move', id: 1, by: -1 }, SET), null);
  assert.equal(bodyOf({ kind: 'move', id: 7, by: 1 }, SET), null);
});

test('a label is put before another, or last', () => {
  assert.equal(names(applied(SET, put(7, 1))), 'sky person car');
  assert.equal(names(applied(SET, put(1, 7))), 'car person sky');
  assert.equal(names(applied(SET, put(1, null))), 'car sky person');
  assert.equal(bodyOf(put(1, 3), SET), null);
});

test('what somebody else did to another field, label or place leaves a step as it was meant', () => {
  const now = [label(7, 'sky'), label(3, 'car', { key: 'c' })];
  assert.ok(stillFits(rename(3, 'lorry'), SET, now));
  assert.ok(stillFits({ kind: 'move', id: 7, by: 1 }, SET, now));
  assert.ok(stillFits(put(7, null), SET, now));
  assert.ok(stillFits({ kind: 'add', id: -1, name: 'zebra' }, SET, now));
});

test('a step does not fit to a label that is gone or was changed the same way, and no undo fits at all', () => {
  const now = [label(3, 'bus'), label(7, 'sky')];
  for (const step of [rename(1, 'x'), rename(3, 'lorry'), put(7, 1), { kind: 'merge', id: 7, into_id: 1 }]) {
    assert.ok(!stillFits(step, SET, now), JSON.stringify(step));
  }
  assert.ok(stillFits(rename(3, 'bus'), SET, now));
  assert.ok(!stillFits({ kind: 'add', id: -1, name: 'bus' }, SET, now));
  assert.ok(!stillFits({ kind: 'undo' }, SET, now));
});

test('a step whose answer was lost is known by what the label set is then', () => {
  const log = [{ id: 4, undone: true }, { id: 3, undone: false }];
  const through = (body, undoing) => cameThrough({ body, undoing }, { categories: SET, changes: log });
  assert.ok(through(bodyOf(rename(3, 'car'), [label(1, 'person'), label(3, 'truck')])));
  assert.ok(!through(bodyOf(rename(3, 'lorry'), SET)));
  assert.ok(through({ kind: 'add', name: 'sky' }) && !through({ kind: 'add', name: 'zebra' }));
  assert.ok(through({ kind: 'remove', id: 2 }) && !through({ kind: 'remove', id: 3 }));
  assert.ok(through({ kind: 'reorder', order: [1, 3, 7] }) && !through({ kind: 'reorder', order: [3, 1, 7] }));
  assert.ok(through({ kind: 'undo' }, 4) && !through({ kind: 'undo' }, 3));
});
