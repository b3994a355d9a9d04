import assert from 'node:assert/strict';
import { test } from 'node:test';
import { boxMask, equal, fromSpans, intersection, isEmpty, union } from '../../../assets/js/masks/algebra.mjs';
import { area, bbox, decodeMask, encodeMask } from '../../../assets/js/masks/masks.mjs';
import { slice } from '../../../assets/js/masks/slices.mjs';
import { fixtures, needsFixtures } from '../fixtures.mjs';
import { drawn, shown } from './drawn.mjs';

const at = (...places) => places.map(([x, y]) => ({ x: x + 0.5, y: y + 0.5 }));

test('slices equal those of the definition, pixel by pixel', needsFixtures, () => {
  for (const { counts, height, width, points, parts } of fixtures.slices) {
    assert.deepEqual(slice(decodeMask(counts, height, width), points).map(encodeMask), parts);
  }
});

test('parts are disjoint, not empty, and make up the mask', needsFixtures, () => {
  for (const { counts, height, width, points } of fixtures.slices) {
    const mask = decodeMask(counts, height, width);
    const parts = slice(mask, points);
    if (parts.length > 1) assert.ok(parts.every((part) => !isEmpty(part)));
    assert.ok(equal(union(parts), mask));
    assert.equal(parts.reduce((sum, part) => sum + area(part), 0), area(mask));
    assert.ok(parts.every((part, i) => i === 0 || area(part) <= area(parts[i - 1])));
    for (const other of parts.slice(1)) assert.ok(isEmpty(intersection(parts[0], other)));
  }
});

test('a short line inside runs on to both borders', () => {
  const [left, right] = slice(drawn('#######\n#######\n#######\n#######'), at([4, 1], [4, 2]));
  assert.equal(shown(left), '#####..\n#####..\n#####..\n#####..');
  assert.equal(shown(right), '.....##\n.....##\n.....##\n.....##');
});

test('a line over one arm leaves the other whole', () => {
  const parts = slice(
    drawn(`
      ##...##
      ##...##
      ##...##
      ##...##
      #######`),
    at([0, 1], [1, 1]),
  );
  assert.deepEqual(parts.map(area), [21, 2]);
});

test('a ring falls in two where the line goes on through its hole', () => {
  const ring = drawn('#####\n#####\n##.##\n#####\n#####');
  assert.deepEqual(slice(ring, at([0, 2], [1, 2])).length, 2);
});

test('what the line does not touch goes with its side', () => {
  const parts = slice(drawn('####..####\n####..####\n####..####\n..........\n......#...'), at([8, 0], [8, 2]));
  assert.equal(parts.length, 2);
  assert.equal(area(parts[0]), 22);
  assert.equal(shown(parts[1]), '.........#\n.........#\n.........#\n..........\n..........');
});

test('a line through the gap parts what lies on its sides', () => {
  const parts = slice(drawn('####..###\n####..###\n####..###'), at([4, 0], [5, 2]));
  assert.deepEqual(parts.map(area), [12, 9]);
});

test('a speck on the line does not keep it from parting what lies on its sides', () => {
  const mask = drawn('####.....\n####.#.##\n####.#.##\n####.....');
  assert.deepEqual(slice(mask, at([5, 0], [5, 3])).map(area), [18, 4]);
});

test('a line round something cuts it out, though its ends do not quite meet', () => {
  const mask = boxMask([0, 0, 40, 40], 40, 40);
  const parts = slice(mask, at([10, 10], [30, 10], [30, 30], [10, 30], [10, 12]));
  assert.deepEqual(parts.map(bbox), [[0, 0, 40, 40], [11, 11, 19, 19]]);
  const island = union([boxMask([0, 0, 40, 8], 40, 40), boxMask([20, 20, 9, 9], 40, 40)]);
  assert.deepEqual(slice(island, at([15, 15], [35, 15], [35, 35], [15, 35], [15, 15])).map(area), [320, 81]);
});

test('a mask of very many specks is parted too', () => {
  // In neighbouring columns they lie three or five rows apart.
  const specks = Array.from({ length: 250_000 }, (_, i) => [8 * i, 8 * i + 1]).flat();
  const mask = union([fromSpans(2003, 1000, specks), boxMask([400, 1000, 200, 9], 2003, 1000)]);
  const parts = slice(mask, at([500, 0], [500, 2002]));
  assert.ok(parts.length > 1);
  assert.equal(parts.reduce((sum, part) => sum + area(part), 0), area(mask));
});

test('a crumb beside the line is no part: it goes with its side', () => {
  const mask = drawn(`
    ..#........
    ..#........
    #####.#####
    #####.#####
    ###########
    ###########
    #####.#####
    #####.#####
    #####.#####`);
  const parts = slice(mask, at([0, 1], [5, 1], [5, 9]));
  assert.deepEqual(parts.map(area), [38, 36]);
  assert.equal(shown(parts[1]).split('\n')[0], '..#........');
});

test('a click and a line beside the mask separate nothing', () => {
  const mask = drawn('......\n..##..\n..##..\n......');
  for (const points of [at([2, 1]), at([2, 1], [2, 1]), at([0, 0], [5, 0]), []]) {
    assert.deepEqual(slice(mask, points), [mask]);
  }
});

test('in a photo of one row the pixels of the line go to what lies beside them', () => {
  const parts = slice(drawn('#############..'), at([7, -4], [9, 1], [13, -2], [15, 3]));
  assert.deepEqual(parts.map(area), [10, 3]);
});
