import assert from 'node:assert/strict';
import { test } from 'node:test';
import { equal, intersection, isEmpty, union } from '../../../assets/js/masks/algebra.mjs';
import { area, contains, decodeMask, encodeMask } from '../../../assets/js/masks/masks.mjs';
import { componentAt, components, filled, holes, withoutIslands } from '../../../assets/js/masks/regions.mjs';
import { fixtures, needsFixtures } from '../fixtures.mjs';
import { drawn, shown } from './drawn.mjs';

const cases = () =>
  fixtures.regions.map(({ counts, height, width, ...expected }) => [decodeMask(counts, height, width), expected]);

test('connected parts, holes and islands equal those of scipy', needsFixtures, () => {
  for (const [mask, expected] of cases()) {
    assert.deepEqual(components(mask, 4).map(encodeMask), expected.components[4]);
    assert.deepEqual(components(mask).map(encodeMask), expected.components[8]);
    assert.deepEqual(holes(mask).map(encodeMask), expected.holes);
    assert.equal(encodeMask(filled(mask)), expected.filled);
    assert.equal(encodeMask(filled(mask, { most: expected.most })), expected.filledUpTo);
    assert.equal(encodeMask(withoutIslands(mask, { least: expected.most })), expected.withoutIslands);
  }
});

test('connected parts are disjoint and make up the mask', needsFixtures, () => {
  for (const [mask] of cases()) {
    const parts = components(mask);
    if (parts.length === 0) continue;
    assert.ok(equal(union(parts), mask));
    assert.equal(parts.reduce((sum, part) => sum + area(part), 0), area(mask));
    assert.ok(parts.every((part) => components(part).length === 1));
    assert.ok(equal(withoutIslands(mask), parts[0]));
    assert.ok(holes(mask).every((hole) => isEmpty(intersection(hole, mask))));
  }
});

test('each pixel finds the part that holds it', needsFixtures, () => {
  for (const [mask] of cases()) {
    const parts = components(mask);
    for (let x = -1; x <= mask.width; x++) {
      const y = (7 * x + 3) % mask.height;
      const part = parts.find((one) => contains(one, x, y));
      assert.ok(part ? equal(componentAt(mask, x, y), part) : isEmpty(componentAt(mask, x, y)));
    }
  }
});

test('what touches at a corner is one part for the mask and two for its holes', () => {
  const mask = drawn(`
    #####..
    #.#.#..
    ##.##..
    #####.#
    .......`);
  assert.equal(components(mask).length, 2);
  assert.equal(holes(mask).length, 3);
  assert.equal(shown(filled(mask)).split('\n')[1], '#####..');
});

test('a bay that opens at the border is no hole', () => {
  assert.equal(holes(drawn('##.##\n#...#\n#####')).length, 0);
});

test('a mask without a pixel has no parts', () => {
  const none = drawn('...\n...');
  assert.deepEqual([components(none), holes(none)], [[], []]);
  assert.ok([filled(none), withoutIslands(none)].every(isEmpty));
});
