import assert from 'node:assert/strict';
import { test } from 'node:test';
import { contains } from '../../../assets/js/masks/masks.mjs';
import { boxOnGrid, createSampler, gridOf, sampled } from '../../../assets/js/stage/grid.mjs';
import { maskOf, pixelsOf, randomMask, randomOf } from './pixels.mjs';

const VIEWPORTS = [
  { scale: 1, left: 0, top: 0 },
  { scale: 0.25, left: 3, top: 1 },
  { scale: 0.37, left: 2.4, top: -3.7 },
  { scale: 1, left: -11, top: -5 },
  { scale: 1.5, left: -7.25, top: 2.5 },
  { scale: 3, left: -40, top: -20 },
  { scale: 8, left: -100.5, top: -61.25 },
  { scale: 40, left: -900, top: -300 },
];

/** The photo pixel under the middle of a device pixel, by the formula alone. */
function under(viewport, ratio, x, y) {
  const { scale, left, top } = viewport;
  return [Math.floor(((x + 0.5) / ratio - left) / scale), Math.floor(((y + 0.5) / ratio - top) / scale)];
}

test('a grid is every device pixel whose middle lies on the photo, and knows which photo pixel that is', () => {
  const photo = { width: 61, height: 43 };
  const canvas = { width: 50, height: 40 };
  for (const viewport of VIEWPORTS) {
    for (const ratio of [1, 1.25, 2]) {
      const grid = gridOf(viewport, ratio, photo, canvas);
      for (let x = 0; x < canvas.width; x++) {
        for (let y = 0; y < canvas.height; y++) {
          const [column, row] = under(viewport, ratio, x, y);
          const onPhoto = column >= 0 && row >= 0 && column < photo.width && row < photo.height;
          const onGrid = x >= grid.left && y >= grid.top && x < grid.left + grid.width && y < grid.top + grid.height;
          assert.equal(onGrid, onPhoto, JSON.stringify({ viewport, ratio, x, y }));
          if (onGrid) assert.deepEqual([grid.columns[x - grid.left], grid.rows[y - grid.top]], [column, row]);
        }
      }
    }
  }
});

test('a mask on a grid is the mask at the photo pixels that the grid shows', () => {
  const random = randomOf(3);
  for (let round = 0; round < 40; round++) {
    const [width, height] = [1 + random(70), 1 + random(50)];
    const mask = randomMask(random, width, height);
    const viewport = VIEWPORTS[round % VIEWPORTS.length];
    const grid = gridOf(viewport, 1, { width, height }, { width: 60, height: 45 });
    const small = sampled(mask, grid);
    assert.deepEqual([small.width, small.height], [grid.width, grid.height]);
    const expected = [];
    for (let y = 0; y < grid.height; y++) {
      for (let x = 0; x < grid.width; x++) expected.push(Number(contains(mask, grid.columns[x], grid.rows[y])));
    }
    assert.deepEqual(pixelsOf(small), expected);
    for (let i = 1; i < small.starts.length; i++) assert.ok(small.starts[i] > small.ends[i - 1], 'spans touch');
  }
});

test('out of sight a grid has no pixels and a mask on it none', () => {
  const mask = maskOf(['##', '##']);
  for (const viewport of [
    { scale: 1, left: 500, top: 0 },
    { scale: 1, left: -500, top: 0 },
    { scale: 1, left: 0, top: -500 },
  ]) {
    const grid = gridOf(viewport, 1, { width: 2, height: 2 }, { width: 20, height: 20 });
    assert.equal(grid.width * grid.height, 0);
    assert.equal(sampled(mask, grid).starts.length, 0);
  }
});

test('the photo goes on where the grid shows less than it', () => {
  const photo = { width: 100, height: 100 };
  const canvas = { width: 50, height: 200 };
  const { goesOn } = gridOf({ scale: 1, left: -20, top: 10 }, 1, photo, canvas);
  assert.deepEqual(goesOn, { left: true, top: false, right: true, bottom: false });
});

test('a box on the grid holds all that is seen of what the box holds', () => {
  const random = randomOf(5);
  const photo = { width: 80, height: 60 };
  for (const viewport of VIEWPORTS) {
    const grid = gridOf(viewport, 1, photo, { width: 60, height: 45 });
    for (let round = 0; round < 30; round++) {
      const box = [random(80), random(60)];
      box.push(1 + random(80 - box[0]), 1 + random(60 - box[1]));
      const [left, top, width, height] = boxOnGrid(box, grid);
      for (let x = 0; x < grid.width; x++) {
        const inside = grid.columns[x] >= box[0] && grid.columns[x] < box[0] + box[2];
        assert.equal(x >= left && x < left + width, inside);
      }
      for (let y = 0; y < grid.height; y++) {
        const inside = grid.rows[y] >= box[1] && grid.rows[y] < box[1] + box[3];
        assert.equal(y >= top && y < top + height, inside);
      }
    }
  }
});

test('a mask is sampled once for a grid, and anew for the next', () => {
  const sample = createSampler();
  const mask = maskOf(['#.', '.#']);
  const [one, other] = [1, 2].map((scale) =>
    gridOf({ scale, left: 0, top: 0 }, 1, { width: 2, height: 2 }, { width: 9, height: 9 }),
  );
  assert.equal(sample(mask, one), sample(mask, one));
  assert.equal(sample(mask, other).width, 4);
  assert.equal(sample(mask, one).width, 2);
});
