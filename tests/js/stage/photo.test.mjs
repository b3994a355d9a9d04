import assert from 'node:assert/strict';
import { test } from 'node:test';
import { lacksPixels, levelFor } from '../../../assets/js/stage/photo.mjs';
import { transformBetween } from '../../../assets/js/stage/viewport.mjs';

test('a photo is drawn from its smallest picture that is sharp, else from the sharpest', () => {
  const [small, large] = [{ scale: 0.4 }, { scale: 1 }];
  assert.equal(levelFor({ levels: [small, large] }, 0.3), small);
  assert.equal(levelFor({ levels: [small, large] }, 0.5), large);
  assert.equal(levelFor({ levels: [small, large] }, 8), large);
  assert.equal(levelFor({ levels: [small] }, 8), small);
});

test('all pixels are wanted where the photo is larger on the screen than its picture, and never of what is whole', () => {
  const [small, large] = [{ scale: 0.4 }, { scale: 1 }];
  assert.equal(lacksPixels({ levels: [small] }, 0.4), false);
  assert.equal(lacksPixels({ levels: [small] }, 0.41), true);
  assert.equal(lacksPixels({ levels: [small, large] }, 8), false);
  assert.equal(lacksPixels(null, 8), false);
});

test('a painted picture moved between viewports puts each photo pixel where it belongs', () => {
  const [from, to] = [
    { scale: 0.5, left: 10, top: -4 },
    { scale: 3, left: -70, top: 12 },
  ];
  const [x, y, factor] = transformBetween(from, to).match(/-?[\d.]+/g).map(Number);
  for (const [column, row] of [
    [0, 0],
    [37, 21],
  ]) {
    assert.ok(Math.abs(x + factor * (from.left + column * from.scale) - (to.left + column * to.scale)) < 1e-9);
    assert.ok(Math.abs(y + factor * (from.top + row * from.scale) - (to.top + row * to.scale)) < 1e-9);
  }
});
