import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createPixels, walk } from '../../../assets/js/masks/chains.mjs';
import { encodeMask } from '../../../assets/js/masks/masks.mjs';
import { drawn, shown } from './drawn.mjs';

test('a chain goes from side to side, both ends included, until its visitor has enough', () => {
  const visited = [];
  walk([0, 0], [2, 1], (x, y) => void visited.push([x, y]));
  assert.deepEqual(visited, [[0, 0], [1, 0], [1, 1], [2, 1]]);
  visited.length = 0;
  walk([3, 3], [3, -9], (x, y) => y > 1 && visited.push([x, y]) > 0);
  assert.deepEqual(visited, [[3, 3], [3, 2]]);
});

test('pixels become the mask that holds them, across words and columns, and none outside the photo', () => {
  const pixels = createPixels(40, 3);
  for (let x = -1; x < 4; x++) for (let y = -1; y < 41; y++) if (x !== 1 || y < 35) pixels.add(x, y);
  const rows = Array.from({ length: 40 }, (_, y) => (y < 35 ? '###' : '#.#')).join('\n');
  assert.equal(encodeMask(pixels.mask()), encodeMask(drawn(rows)));
  assert.equal(shown(createPixels(1, 1).mask()), '.');
});
