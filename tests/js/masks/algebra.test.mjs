import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  boxMask,
  complement,
  difference,
  emptyMask,
  equal,
  fromSpans,
  fullMask,
  intersection,
  isEmpty,
  sharedArea,
  union,
} from '../../../assets/js/masks/algebra.mjs';
import { area, decodeMask, encodeMask } from '../../../assets/js/masks/masks.mjs';
import { fixtures, needsFixtures } from '../fixtures.mjs';
import { drawn } from './drawn.mjs';

function* cases() {
  for (const { counts, others, height, width, ...expected } of fixtures.sets) {
    yield { masks: [counts, ...others].map((text) => decodeMask(text, height, width)), height, width, expected };
  }
}

test('sets of pixels equal those of numpy', needsFixtures, () => {
  for (const { masks, height, width, expected } of cases()) {
    const [first, second] = masks;
    assert.equal(encodeMask(union(masks)), expected.union);
    assert.equal(encodeMask(intersection(first, second)), expected.intersection);
    assert.equal(sharedArea(first, second), area(intersection(first, second)));
    assert.equal(encodeMask(difference(first, second)), expected.difference);
    assert.equal(encodeMask(complement(first)), expected.complement);
    assert.equal(encodeMask(intersection(first, boxMask(expected.box, height, width))), expected.inBox);
  }
});

test('two masks of pycocotools meet in its intersection', needsFixtures, () => {
  for (const { counts, height, width, union: either, intersection: both } of fixtures.masks) {
    const [first, second] = counts.map((text) => decodeMask(text, height, width));
    assert.equal(encodeMask(union([first, second])), either);
    assert.equal(encodeMask(intersection(first, second)), both);
  }
});

test('the laws of sets hold', needsFixtures, () => {
  for (const { masks } of cases()) {
    const [a, b] = masks;
    assert.ok(equal(complement(complement(a)), a));
    assert.ok(equal(complement(union([a, b])), intersection(complement(a), complement(b))));
    assert.ok(equal(complement(intersection(a, b)), union([complement(a), complement(b)])));
    assert.ok(equal(union([difference(a, b), intersection(a, b)]), a));
    assert.ok(isEmpty(intersection(difference(a, b), b)));
    assert.equal(equal(a, b), encodeMask(a) === encodeMask(b));
  }
});

test('nothing and everything', () => {
  assert.ok(equal(complement(emptyMask(3, 4)), fullMask(3, 4)));
  assert.ok(equal(complement(fullMask(3, 4)), emptyMask(3, 4)));
  assert.equal(equal(emptyMask(3, 4), emptyMask(4, 3)), false);
});

test('spans that touch or overlap are joined, over the end of a column too', () => {
  const mask = fromSpans(3, 3, [0, 2, 1, 3, 3, 4, 5, 5, 6, 8]);
  assert.deepEqual([[...mask.starts], [...mask.ends]], [[0, 6], [4, 8]]);
});

test('a box is cut to the photo', () => {
  assert.ok(equal(boxMask([-5, 1, 7, 50], 3, 4), drawn('....\n##..\n##..')));
  assert.ok(isEmpty(boxMask([4, 0, 9, 3], 3, 4)));
  assert.ok(isEmpty(boxMask([1, 1, -1, 2], 3, 4)));
});
