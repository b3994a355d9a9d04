import assert from 'node:assert/strict';
import { test } from 'node:test';
import { fromHex, toHex } from '../../../assets/js/labels/hex.mjs';
import { labelKeys } from '../../../assets/js/labels/keys.mjs';
import { whatBecomes } from '../../../assets/js/labels/merging.mjs';
import { withRecent } from '../../../assets/js/labels/recent.mjs';

const named = (...keys) => keys.map((key, id) => ({ id, key }));
const given = (categories) => Object.fromEntries([...labelKeys(categories)].map(([key, { id }]) => [key, id]));

test('without keys of their own the first ten have the digits', () => {
  const keys = given(named(...Array(12).fill(null)));
  assert.deepEqual(keys, { 1: 0, 2: 1, 3: 2, 4: 3, 5: 4, 6: 5, 7: 6, 8: 7, 9: 8, 0: 9 });
});

test('a key of its own is taken out of the digits, and the others move up', () => {
  assert.deepEqual(given(named(null, '1', null, 'Alt+C', null)), { 1: 1, 2: 0, 3: 2, 4: 4, 'Alt+C': 3 });
});

test('an empty label set has no keys', () => assert.equal(labelKeys([]).size, 0));

test('labels used last come first, once each, and not for ever', () => {
  assert.deepEqual(withRecent([3, 5, 7], 5), [5, 3, 7]);
  const many = Array.from({ length: 30 }, (_, index) => index).reduce(withRecent, []);
  assert.deepEqual(many, [29, 28, 27, 26, 25, 24, 23, 22, 21, 20]);
});

test('colours pass through a colour input', () => {
  for (const colour of [[0, 1, 255], [16, 15, 170]]) assert.deepEqual(fromHex(toHex(colour)), colour);
});

test('a merge says before what it touches', () => {
  const lorry = { name: 'lorry', is_thing: true, segments: 38, images: 12, segments_on_deleted: 0 };
  const truck = { name: 'truck', is_thing: true };
  assert.match(whatBecomes(lorry, truck), /^38 segments in 12 images become “truck”\. The label “lorry” goes\./);
  assert.match(whatBecomes({ ...lorry, segments: 1, images: 1 }, truck), /^1 segment in 1 image becomes “truck”/);
  assert.match(whatBecomes({ ...lorry, segments: 0, images: 0 }, truck), /^No segment has “lorry”/);
  const hidden = { ...lorry, segments_on_deleted: 1 };
  assert.match(whatBecomes(hidden, truck), /^38 segments in 12 images and 1 segment on deleted images become “truck”/);
  assert.match(whatBecomes({ ...hidden, segments: 0, images: 0 }, truck), /^1 segment on deleted images becomes “truck”/);
  assert.match(whatBecomes(lorry, { name: 'road', is_thing: false }), /They are stuff then/);
});
