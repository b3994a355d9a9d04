import assert from 'node:assert/strict';
import { test } from 'node:test';
import { sentence } from '../../../assets/js/page/history.mjs';
import { momentText } from '../../../assets/js/page/moments.mjs';

const CATEGORIES = new Map([
  [1, { name: 'car' }],
  [2, { name: 'person' }],
]);
const side = (category_id, area = 9) => ({ category_id, area, bbox: [0, 0, 3, 3] });
const entry = (operation, segments, rest = {}) => ({ operation, segments, proposals: [], target: null, ...rest });

test('each kind of step reads as a sentence', () => {
  const told = (...parts) => sentence(entry(...parts), CATEGORIES);
  assert.equal(told('relabel', [{ id: 3, was: side(2), is: side(1) }]), 'labelled segment 3: person → car');
  assert.equal(told('edit', [{ id: 3, was: side(1), is: side(1, 1200) }]), 'edited segment 3 (car): 9 → 1,200 pixels');
  assert.equal(told('draw', [{ id: 4, was: null, is: side(null) }]), 'drew segment 4 (unlabelled)');
  assert.equal(told('delete', [{ id: 4, was: side(9), is: null }]), 'deleted segment 4 (unlabelled)');
  assert.equal(told('undo', [{ id: 4, was: null, is: side(1) }], { target: 7 }), 'undo of an earlier step');
  const drawn = { ...entry('draw', [{ id: 4, was: null, is: side(1) }]), revision: 7 };
  assert.equal(sentence(entry('undo', [], { target: 7 }), CATEGORIES, [drawn]), 'undo of “drew segment 4 (car)”');
  const accepted = told('accept', [{ id: 5, was: null, is: side(1) }], { proposals: [41] });
  assert.equal(accepted, 'accepted segment 5 (car) (proposal 41)');
  const many = Array.from({ length: 5 }, (_, id) => ({ id, was: null, is: side(1) }));
  assert.match(told('accept', many), /segment 0 \(car\), segment 1 \(car\), segment 2 \(car\) and 2 more$/);
});

test('a moment of another day names the day', () => {
  const now = new Date('2026-03-05T12:00:00');
  assert.doesNotMatch(momentText('2026-03-05T09:30:00', now), /2026/);
  assert.match(momentText('2025-12-31T09:30:00', now), /2025/);
});
