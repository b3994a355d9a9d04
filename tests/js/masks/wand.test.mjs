import assert from 'node:assert/strict';
import { test } from 'node:test';
import { equal, fullMask } from '../../../assets/js/masks/algebra.mjs';
import { contains, encodeMask } from '../../../assets/js/masks/masks.mjs';
import { wandMask } from '../../../assets/js/masks/wand.mjs';
import { fixtures, needsFixtures } from '../fixtures.mjs';
import { drawn } from './drawn.mjs';

const mapOf = (rows) => ({ height: rows.length, width: rows[0].length, values: Uint8Array.from(rows.flat()) });

test('a click finds the pixels that core/inference/wand.py finds', needsFixtures, () => {
  for (const { map, click, counts } of fixtures.wands) {
    const values = Uint8Array.from(atob(map.values), (char) => char.charCodeAt(0));
    assert.equal(encodeMask(wandMask({ ...map, values }, click)), counts);
  }
});

test('what touches at a corner alone does not hang together', () => {
  const map = mapOf([
    [0, 9, 9],
    [9, 0, 0],
    [9, 9, 0],
  ]);
  const found = wandMask(map, { height: 3, width: 3, x: 1, y: 1, tolerance: 0 });
  assert.ok(equal(found, drawn('...\n.##\n..#')));
});

test('the clicked pixel is in, whatever the tolerance', () => {
  const map = mapOf([[200, 255]]);
  assert.ok(equal(wandMask(map, { height: 1, width: 2, x: 1, y: 0, tolerance: 0 }), drawn('.#')));
  assert.ok(equal(wandMask(map, { height: 5, width: 4, x: 0, y: 0, tolerance: 255 }), fullMask(5, 4)));
});

test('a larger tolerance gives a region that holds the smaller one', () => {
  const map = mapOf(Array.from({ length: 12 }, (_, y) => Array.from({ length: 9 }, (_, x) => 10 * Math.abs(x - y))));
  const click = { height: 120, width: 90, x: 40, y: 40 };
  const [small, large] = [20, 60].map((tolerance) => wandMask(map, { ...click, tolerance }));
  for (let i = 0; i < small.starts.length; i++) {
    assert.ok(contains(large, Math.floor(small.starts[i] / 120), small.starts[i] % 120));
  }
  assert.ok(!equal(small, large));
});
