import assert from 'node:assert/strict';
import { test } from 'node:test';
import { anchor, area, bbox, contains, decodeMask, encodeMask } from '../../../assets/js/masks/masks.mjs';
import { outline } from '../../../assets/js/masks/outline.mjs';
import { runsFromText, textFromRuns } from '../../../assets/js/masks/rle.mjs';
import { fixtures, needsFixtures } from '../fixtures.mjs';

test('masks of pycocotools are read pixel by pixel and written back alike', needsFixtures, () => {
  for (const { counts, height, width, pixels } of fixtures.masks) {
    const mask = decodeMask(counts[0], height, width);
    const seen = pixels.map((_, i) => Number(contains(mask, i % width, Math.floor(i / width))));
    assert.deepEqual(seen, pixels);
    assert.equal(encodeMask(mask), counts[0]);
  }
});

test('area and box equal those of pycocotools', needsFixtures, () => {
  for (const { counts, height, width, ...expected } of fixtures.masks) {
    const first = decodeMask(counts[0], height, width);
    assert.equal(area(first), expected.area);
    assert.deepEqual(bbox(first), expected.bbox);
  }
});

test('an outline, filled by the even-odd rule, is the mask', needsFixtures, () => {
  for (const { counts, height, width, pixels } of fixtures.masks) {
    const loops = outline(decodeMask(counts[0], height, width));
    const filled = pixels.map((_, i) => crossings(loops, (i % width) + 0.5, Math.floor(i / width) + 0.5) % 2);
    assert.deepEqual(filled, pixels);
  }
});

/** How often a ray to the right of a point crosses the loops; their edges are level or upright. */
function crossings(loops, x, y) {
  let count = 0;
  for (const loop of loops) {
    for (let i = 0; i < loop.length; i += 2) {
      const [x0, y0] = [loop[i], loop[i + 1]];
      const y1 = loop[(i + 3) % loop.length];
      if (x0 > x && x0 === loop[(i + 2) % loop.length] && Math.min(y0, y1) < y && y < Math.max(y0, y1)) count += 1;
    }
  }
  return count;
}

test('the anchor of a mask lies inside it', needsFixtures, () => {
  for (const { counts, height, width } of fixtures.masks) {
    const mask = decodeMask(counts[0], height, width);
    if (area(mask) > 0) assert.ok(contains(mask, ...anchor(mask)));
  }
});

test('nothing outside the photo is inside a mask', () => {
  const whole = decodeMask(textFromRuns([0, 12]), 3, 4);
  for (const [x, y] of [[-1, 0], [0, -1], [4, 0], [0, 3]]) assert.equal(contains(whole, x, y), false);
});

test('long runs survive the text', () => {
  const runs = [0, 250_000_000, 1, 3, 249_999_999, 31, 32];
  assert.deepEqual(runsFromText(textFromRuns(runs)), runs);
});

test('a text that is no RLE is refused', () => {
  for (const text of ['', 'é', '~~~', 'ooooooooooo']) assert.throws(() => runsFromText(text), Error, text);
  assert.throws(() => decodeMask(textFromRuns([5, 5]), 3, 3), /does not fit a 3×3 photo/);
});
