import assert from 'node:assert/strict';
import { test } from 'node:test';
import { equal } from '../../../assets/js/masks/algebra.mjs';
import { beginStroke } from '../../../assets/js/masks/brush.mjs';
import { area, decodeMask, encodeMask } from '../../../assets/js/masks/masks.mjs';
import { outline } from '../../../assets/js/masks/outline.mjs';
import { polygon, stroke } from '../../../assets/js/masks/shapes.mjs';
import { fixtures, needsFixtures } from '../fixtures.mjs';
import { box, disc, drawn, shown } from './drawn.mjs';

test('polygons are filled as core/formats/polygons.py fills them', needsFixtures, () => {
  for (const { rings, height, width, counts } of fixtures.polygons) {
    assert.equal(encodeMask(polygon(rings, height, width)), counts);
  }
});

test('an outline, filled, is the mask', needsFixtures, () => {
  for (const { counts, height, width } of [...fixtures.regions, ...fixtures.slices]) {
    const mask = decodeMask(counts, height, width);
    assert.ok(equal(polygon(outline(mask), height, width), mask));
  }
});

test('a box holds the pixels whose centres lie between its corners, whichever comes first', () => {
  const expected = drawn('......\n.###..\n.###..');
  assert.ok(equal(box(1, 1, 4, 3, 3, 6), expected));
  assert.ok(equal(box(4.5, 3.4, 0.51, 0.6, 3, 6), expected));
  assert.equal(area(box(-9, -9, 99, 99, 3, 6)), 18);
});

test('strokes cover the pixels whose centres they reach, each asked alone', needsFixtures, () => {
  for (const { moves, diameter, height, width, ...expected } of fixtures.strokes) {
    assert.equal(encodeMask(stroke(moves.flat(), diameter, height, width)), expected.stroke);
  }
});

test('brush and eraser leave what the stroke and the mask make', needsFixtures, () => {
  for (const { moves, diameter, height, width, counts, ...expected } of fixtures.strokes) {
    const mask = decodeMask(counts, height, width);
    for (const [erases, after] of [[false, expected.painted], [true, expected.erased]]) {
      const brush = beginStroke(mask, { diameter, erases });
      const changed = moves.map((points) => brush.add(points));
      assert.equal(encodeMask(brush.end()), after);
      assertTold(mask, changed, decodeMask(after, height, width));
    }
    assert.equal(encodeMask(mask), counts);
  }
});

/** What the moves told is what the masks differ in, each pixel once and inside of the boxes. */
function assertTold(before, changed, after) {
  const told = new Set();
  for (const { box: around, spans } of changed) {
    assert.equal(around === null, spans.length === 0);
    for (let i = 0; i < spans.length; i += 3) {
      const [x, top, bottom] = spans.slice(i, i + 3);
      const [left, up, width, height] = around;
      assert.ok(x >= left && x < left + width && top >= up && top < bottom && bottom <= up + height);
      for (let y = top; y < bottom; y++) {
        assert.ok(!told.has(x * before.height + y));
        told.add(x * before.height + y);
      }
    }
  }
  const [one, other] = [shown(before), shown(after)].map((text) => text.replaceAll('\n', ''));
  const differ = [...one].flatMap((sign, i) => (sign === other[i] ? [] : [place(i, before)]));
  assert.deepEqual([...told].sort((a, b) => a - b), differ.sort((a, b) => a - b));
}

function place(index, { width, height }) {
  return (index % width) * height + Math.floor(index / width);
}

test('the thinnest dot is the pixel under it, wherever in the pixel', () => {
  for (const [x, y] of [[2, 1], [2.5, 1.5], [2.999, 1.999], [2, 1.5]]) {
    assert.equal(shown(disc(x, y, 1, 3, 5)), '.....\n..#..\n.....');
  }
});

test('a thin line has no gap', () => {
  const line = stroke([{ x: 0.1, y: 0.2 }, { x: 30.7, y: 17.3 }], 1, 20, 40);
  assert.equal(shown(line).split('\n').filter((row) => row.includes('#')).length, 18);
  for (let x = 0; x <= 30; x++) assert.ok(shown(line).split('\n').some((row) => row[x] === '#'));
});

test('a brush outside the photo paints nothing', () => {
  assert.equal(area(disc(-30, 5, 20, 10, 10)), 0);
  assert.deepEqual(beginStroke(drawn('..\n..'), { diameter: 3 }).add([{ x: 50, y: 50 }]), { box: null, spans: [] });
});
