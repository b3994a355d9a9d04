import assert from 'node:assert/strict';
import { test } from 'node:test';
import { distinctColour, segmentColours } from '../../../assets/js/stage/colours.mjs';
import { openImage } from '../../../assets/js/truth/items.mjs';
import { legend } from '../../../assets/js/page/legend.mjs';
import { contains } from '../../../assets/js/masks/masks.mjs';
import { viewMap } from '../../../assets/js/truth/views.mjs';
import { fixtures, needsFixtures } from '../fixtures.mjs';

const tableOf = (categories) => new Map(categories.map((category) => [category.id, category]));

test('the semantic and the panoptic view equal those of the server', needsFixtures, () => {
  for (const { image, categories, ...expected } of fixtures.views) {
    const opened = openImage({ ...image, proposals: [] });
    for (const view of ['semantic', 'panoptic']) {
      assert.deepEqual(Array.from(viewMap(view, opened, tableOf(categories)).data), expected[view], view);
    }
  }
});

test('the instance view holds the topmost segment of each pixel', needsFixtures, () => {
  for (const { image, categories } of fixtures.views) {
    const opened = openImage({ ...image, proposals: [] });
    const { data, width } = viewMap('instance', opened, tableOf(categories));
    const covers = (i) => ({ mask }) => contains(mask, i % width, Math.floor(i / width));
    const top = (i) => opened.segments.findLast(covers(i))?.id ?? 0;
    assert.deepEqual(Array.from(data), Array.from(data, (_, i) => top(i)));
  }
});

test('colours are those of the label set in Python', needsFixtures, () => {
  assert.deepEqual(fixtures.colours.map((_, index) => distinctColour(index)), fixtures.colours);
});

const CAR = { id: 0, name: 'car', is_thing: true, colour: [200, 0, 0] };
const SKY = { id: 1, name: 'sky', is_thing: false, colour: [0, 0, 200] };
const categories = tableOf([CAR, SKY]);
const segments = [0, 0, 1, 1, null].map((category_id, index) => {
  return { key: `s${index + 1}`, hue: index + 1, category_id, crowd: false };
});
const look = (view) => segmentColours(view, segments, categories);

test('semantic: one colour a category', () => {
  const colours = look('semantic').map(({ colour }) => colour);
  assert.deepEqual(colours.slice(0, 4), [CAR.colour, CAR.colour, SKY.colour, SKY.colour]);
});

test('instance: things differ, stuff and unlabelled are hatched', () => {
  const [first, second, ...others] = look('instance');
  assert.notDeepEqual(first.colour, second.colour);
  assert.deepEqual(others.map(({ hatched }) => hatched), [true, true, true]);
});

test('panoptic: things of a category differ, stuff is one', () => {
  const [first, second, third, fourth] = look('panoptic');
  assert.notDeepEqual(first.colour, second.colour);
  assert.deepEqual(third.colour, fourth.colour);
});

test('the legend counts categories and what has none', () => {
  const rows = legend({ view: 'panoptic', categories, image: { segments } });
  assert.deepEqual(rows.map(({ name, count }) => [name, count]), [['car', 2], ['sky', 2], ['unlabelled', 1]]);
});
