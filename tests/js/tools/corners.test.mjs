import assert from 'node:assert/strict';
import { test } from 'node:test';
import { LARGEST_PX, SMALLEST_PX, steppedSize } from '../../../assets/js/tools/brush.mjs';
import { MOST_CORNERS, added, cornerAt, snapped } from '../../../assets/js/tools/corners.mjs';

const PHOTO = { width: 80, height: 60 };

test('a pointer snaps to the nearest pixel corner of the photo', () => {
  for (const [x, y, corner] of [
    [10.4, 10.6, [10, 11]],
    [-30, 200, [0, 60]],
    [79.6, 0.2, [80, 0]],
  ]) {
    assert.deepEqual(snapped({ x, y, pointerType: 'mouse' }, PHOTO), corner);
  }
});

test('the keyboard’s pixel means its upper left corner, the last one also the photo’s end', () => {
  for (const [x, y, corner] of [
    [0.5, 0.5, [0, 0]],
    [10.5, 58.5, [10, 58]],
    [79.5, 59.5, [80, 60]],
  ]) {
    assert.deepEqual(snapped({ x, y, pointerType: 'keyboard' }, PHOTO), corner);
  }
});

test('a corner is added once, and at most as many as the server takes', () => {
  assert.deepEqual(added([[1, 2]], [1, 2]), [[1, 2]]);
  assert.deepEqual(added([[1, 2]], [2, 2]), [
    [1, 2],
    [2, 2],
  ]);
  const full = Array.from({ length: MOST_CORNERS }, (_, index) => [index, 0]);
  assert.equal(added(full, [5, 5]), full);
});

test('the nearest corner within reach is found', () => {
  const corners = [
    [0, 0],
    [10, 0],
    [12, 0],
  ];
  assert.deepEqual(
    [
      { x: 10.9, y: 1 },
      { x: 11.2, y: 1 },
      { x: 6, y: 0 },
      { x: 0, y: 3.01 },
    ].map((place) => cornerAt(corners, place, 3)),
    [1, 2, -1, -1],
  );
});

test('brush sizes step by a quarter and by a pixel at least, within their limits', () => {
  const up = [1, 2, 3, 8, 100, 900, LARGEST_PX].map((size) => steppedSize(size, 1));
  assert.deepEqual(up, [2, 3, 4, 10, 125, LARGEST_PX, LARGEST_PX]);
  const down = [SMALLEST_PX, 2, 3, 10, 125].map((size) => steppedSize(size, -1));
  assert.deepEqual(down, [SMALLEST_PX, 1, 2, 8, 100]);
});
