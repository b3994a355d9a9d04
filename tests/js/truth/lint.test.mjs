import assert from 'node:assert/strict';
import { test } from 'node:test';
import { area, bbox, encodeMask } from '../../../assets/js/masks/masks.mjs';

import { box, disc } from '../masks/drawn.mjs';
import { difference, equal, union } from '../../../assets/js/masks/algebra.mjs';
import { look, problems } from '../../../assets/js/truth/lint.mjs';
import { openImage } from '../../../assets/js/truth/items.mjs';
import { initialState, reduce } from '../../../assets/js/truth/state.mjs';

const [WIDTH, HEIGHT] = [200, 100];
const CAR = { id: 1, name: 'car', is_thing: true };
const ROAD = { id: 2, name: 'road', is_thing: false };
const SKY = { id: 3, name: 'sky', is_thing: false };
const whole = rectangle(0, 0, WIDTH, HEIGHT);

function rectangle(x, y, width, height) {
  return box(x, y, x + width, y + height, HEIGHT, WIDTH);
}

/** A state with these segments, [mask, category id] from the bottom to the top. */
function stateOf(...layers) {
  const segments = layers.map(([mask, categoryId, rest = {}], index) => {
    const shape = { counts: encodeMask(mask), area: area(mask), bbox: bbox(mask) };
    return { id: index + 1, category_id: categoryId, order: index + 1, crowd: false, proposals: [], ...shape, ...rest };
  });
  const image = openImage({ id: 1, width: WIDTH, height: HEIGHT, revision: 1, segments, proposals: [] });
  const categories = new Map([CAR, ROAD, SKY].map((category) => [category.id, category]));
  return { ...reduce(initialState(), { type: 'opened', image }), categories };
}

const found = (...layers) => problems(stateOf(...layers)).map(({ kind, keys }) => [kind, ...keys].join(' '));

test('a photo that is labelled whole, once, has no problem', () => {
  const car = rectangle(20, 20, 50, 30);
  assert.deepEqual(found([difference(whole, car), 2], [car, 1]), []);
  assert.deepEqual(found([whole, 2], [car, 1]), [], 'a car on the road is no overlap');
});

test('small parts and holes are slips, large ones are meant', () => {
  const car = union([rectangle(10, 10, 80, 60), rectangle(120, 10, 2, 4)]);
  const [island] = problems(stateOf([whole, 2], [car, 1]));
  assert.deepEqual([island.kind, island.pixels, island.box], ['island', 8, [120, 10, 2, 4]]);
  assert.ok(equal(island.region(), rectangle(120, 10, 2, 4)));
  assert.deepEqual(found([whole, 2], [union([car, rectangle(120, 10, 5, 5)]), 1]), [], 'of 25 pixels: above the limit');
  const holed = difference(whole, rectangle(50, 50, 3, 3));
  assert.deepEqual(found([holed, 2]), ['hole s1']);
  assert.deepEqual(found([holed, 2], [rectangle(50, 50, 3, 3), 1]), [], 'something lies in it');
  assert.deepEqual(found([difference(whole, rectangle(50, 50, 5, 5)), 2]), ['void'], 'too large for a slip');
});

test('what is small in a small segment is no slip', () => {
  assert.deepEqual(found([whole, 2], [union([rectangle(5, 5, 3, 3), rectangle(20, 5, 2, 2)]), 1]), []);
});

test('two things over one another are an overlap, a drop of it is none', () => {
  const cars = (x) => found([whole, 2], [rectangle(20, 20, 40, 40), 1], [rectangle(x, 20, 40, 40), 1]);
  assert.deepEqual(cars(40), ['overlap s2 s3']);
  assert.deepEqual(cars(57), []);
  assert.deepEqual(cars(60), []);
});

test('an overlap tells its pixels and where they are', () => {
  const [one] = problems(stateOf([whole, 2], [rectangle(20, 20, 40, 40), 1], [rectangle(40, 30, 40, 40), 1]));
  assert.deepEqual([one.pixels, one.box], [20 * 30, [40, 30, 20, 30]]);
  assert.ok(equal(one.region(), rectangle(40, 30, 20, 30)));
});

test('stuff over smaller stuff is an overlap, over larger or its like it is none', () => {
  const [small, large] = [rectangle(0, 0, 60, 60), rectangle(10, 10, 180, 80)];
  assert.ok(found([small, 3], [large, 2]).includes('overlap s1 s2'));
  assert.ok(!found([large, 2], [small, 3]).some((text) => text.startsWith('overlap')));
  assert.ok(!found([small, 2], [large, 2]).some((text) => text.startsWith('overlap')));
});

test('what is under others whole is hidden, under several of them too', () => {
  const car = rectangle(50, 50, 20, 20);
  assert.deepEqual(found([car, 1], [whole, 2]), ['hidden s1 s2']);
  const halves = [[rectangle(0, 0, 60, 100), 2], [rectangle(60, 0, 140, 100), 3]];
  assert.deepEqual(found([car, 1], ...halves), ['hidden s1 s3']);
  const [twice] = problems(stateOf([whole, 2], [car, 1], [rectangle(50, 50, 21, 20), 1]));
  assert.match(twice.text, /car lies whole under car, nearly the same/);
});

test('segments without a label come before slips, and void at the end', () => {
  const blot = union([rectangle(0, 0, 100, 100), rectangle(110, 10, 1, 1)]);
  assert.deepEqual(found([blot, 99]), ['nameless s1', 'island s1', 'void']);
});

test('only regions that are large enough are called unlabelled', () => {
  const gaps = union([rectangle(10, 10, 5, 5), rectangle(50, 10, 4, 4)]);
  const [only, ...others] = problems(stateOf([difference(whole, gaps), 2]));
  assert.deepEqual([only.kind, only.box, only.text], ['void', [10, 10, 5, 5], 'Nothing labelled: 0.1 % of the photo']);
  assert.deepEqual(others, []);
  assert.deepEqual(found(), [], 'a photo that nobody has begun is not wrong');
});

test('a look in steps finds the same and takes no step for what is known', () => {
  const layers = Array.from({ length: 20 }, (_, i) => [disc(10 * i, 50, 30, HEIGHT, WIDTH), 1]);
  const state = stateOf(...layers);
  const steps = (looking) => [...looking].length;
  const first = steps(look(state));
  assert.equal(steps(look(state)), first - 20);
});
