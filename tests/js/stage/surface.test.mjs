import assert from 'node:assert/strict';
import { test } from 'node:test';
import { UNBROKEN, border, fill } from '../../../assets/js/stage/surface.mjs';
import { maskOf, pixelsOf, randomMask, randomOf } from './pixels.mjs';

const HERE = { left: false, top: false, right: false, bottom: false };
const surfaceOf = (width, height, left = 0, top = 0) => {
  return { pixels: new Uint32Array(width * height), left, top, width, height };
};
const LINE = { pixel: 1, casing: 0, thickness: 1, dashes: UNBROKEN, origin: [0, 0] };
const shown = ({ pixels, width }, signs = '.#c') => {
  const text = Array.from(pixels, (value) => signs[value]).join('');
  return text.match(new RegExp(`.{${width}}`, 'g'));
};

test('a fill colours the pixels of the mask on the part of the grid that there is', () => {
  const random = randomOf(11);
  for (let round = 0; round < 20; round++) {
    const mask = randomMask(random, 20, 15);
    const [left, top] = [random(8), random(8)];
    const surface = surfaceOf(9, 6, left, top);
    fill(surface, mask, 7);
    const all = pixelsOf(mask);
    const expected = Array.from(surface.pixels, (_, at) => {
      return 7 * all[(Math.floor(at / 9) + top) * 20 + (at % 9) + left];
    });
    assert.deepEqual([...surface.pixels], expected);
  }
});

test('dots are squares at equal distances', () => {
  const surface = surfaceOf(8, 4);
  fill(surface, maskOf(['########', '########', '########', '########']), 1, 4);
  assert.deepEqual(shown(surface), ['##..##..', '##..##..', '........', '........']);
});

test('a border is every pixel with another beside it that is outside', () => {
  const random = randomOf(13);
  for (let round = 0; round < 40; round++) {
    const [width, height] = [2 + random(20), 2 + random(20)];
    const mask = randomMask(random, width, height);
    const surface = surfaceOf(width, height);
    border(surface, mask, HERE, LINE);
    const inside = pixelsOf(mask);
    const at = (x, y) => x >= 0 && y >= 0 && x < width && y < height && inside[y * width + x] === 1;
    const expected = inside.map((value, i) => {
      const [x, y] = [i % width, Math.floor(i / width)];
      return value && !(at(x - 1, y) && at(x + 1, y) && at(x, y - 1) && at(x, y + 1)) ? 1 : 0;
    });
    assert.deepEqual([...surface.pixels], expected);
  }
});

test('a casing lies outside the border, which may be thicker, and hides none of it', () => {
  const surface = surfaceOf(8, 7);
  const mask = maskOf(['........', '.######.', '.######.', '.######.', '.######.', '.######.', '........']);
  border(surface, mask, HERE, { ...LINE, casing: 2, thickness: 2 });
  assert.deepEqual(shown(surface), [
    '.cccccc.',
    'c######c',
    'c######c',
    'c##..##c',
    'c######c',
    'c######c',
    '.cccccc.',
  ]);
});

test('where the photo goes on out of sight there is no border', () => {
  const mask = maskOf(['####', '####', '####']);
  const surface = surfaceOf(4, 3);
  border(surface, mask, { left: true, top: true, right: true, bottom: true }, LINE);
  assert.deepEqual(shown(surface), ['....', '....', '....']);
  border(surface, mask, { ...HERE, left: true, top: true }, LINE);
  assert.deepEqual(shown(surface), ['...#', '...#', '####']);
});

test('dashes move with the photo', () => {
  const mask = maskOf(['############', '############']);
  const dashed = (x) => {
    const surface = surfaceOf(12, 2);
    const only = { left: true, top: false, right: true, bottom: true };
    border(surface, mask, only, { ...LINE, dashes: { on: 2, period: 4 }, origin: [x, 0] });
    return shown(surface)[0];
  };
  assert.equal(dashed(0), '##..##..##..');
  assert.equal(dashed(1), '.##..##..##.');
  assert.equal(dashed(-401), '#..##..##..#');
});
