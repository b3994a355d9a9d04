import assert from 'node:assert/strict';
import { test } from 'node:test';
import { palette } from '../../../assets/js/stage/colours.mjs';
import { recolour } from '../../../assets/js/stage/recolour.mjs';
import { VIEWS, slotIds, topmost, viewMap } from '../../../assets/js/truth/views.mjs';
import { randomMask, randomOf } from './pixels.mjs';

const CATEGORIES = new Map([
  [1, { id: 1, name: 'person', is_thing: true, colour: [200, 0, 0] }],
  [2, { id: 2, name: 'sky', is_thing: false, colour: [0, 0, 200] }],
]);

function imageOf(random, width, height) {
  const segments = Array.from({ length: 6 }, (_, index) => {
    const category = [1, 2, null][random(3)];
    const mask = randomMask(random, width, height);
    return { id: index + 1, hue: index + 1, category_id: category, crowd: random(4) === 0, mask };
  });
  return { width, height, segments };
}

function painted(view, image, look, { edge = 1, stripe = 4 } = {}) {
  const { width, height, segments } = image;
  const slots = topmost(segments, () => true, width, height);
  const colours = palette(view, segments, CATEGORIES, look);
  const pixels = new Uint32Array(slots.length);
  const lines = { width, stripe, edge, origin: [0, 0] };
  recolour(pixels, slots, slotIds(view, segments, CATEGORIES), colours, lines, [0, 0, width, height]);
  return { pixels, slots, colours };
}

test('each pixel has the colour of what its view says is there, and lines stand where that changes', () => {
  const random = randomOf(17);
  for (let round = 0; round < 12; round++) {
    const image = imageOf(random, 3 + random(40), 3 + random(30));
    for (const view of VIEWS) {
      const { pixels, slots, colours } = painted(view, image, { opacity: 0.6 });
      const { data } = viewMap(view, image, CATEGORIES);
      const { base, hatch, edge } = colours;
      for (let i = 0; i < pixels.length; i++) {
        const [x, y] = [i % image.width, Math.floor(i / image.width)];
        const right = x + 1 < image.width ? i + 1 : i;
        const below = y + 1 < image.height ? i + image.width : i;
        const isEdge = data[right] !== data[i] || data[below] !== data[i];
        const here = [base[slots[i]], hatch[slots[i]]];
        const lines = [slots[i], slots[right], slots[below]].map((slot) => edge[slot]).filter(Boolean);
        assert.ok((isEdge ? lines : here).includes(pixels[i]), JSON.stringify({ view, x, y, isEdge }));
      }
    }
  }
});

test('what a view leaves out looks like what nothing covers', () => {
  const random = randomOf(19);
  const image = imageOf(random, 30, 20);
  for (const view of VIEWS) {
    const { pixels } = painted(view, image, { opacity: 0.6, outlines: false });
    const { data } = viewMap(view, image, CATEGORIES);
    const nothing = view === 'semantic' ? -1 : 0;
    const looks = new Set([...pixels].filter((_, i) => data[i] === nothing));
    assert.ok(looks.size <= 2, view);
    if (view !== 'panoptic') assert.ok([...looks].every((pixel) => pixel >>> 24 === 0));
  }
});

test('without outlines no pixel is a line', () => {
  const random = randomOf(23);
  const image = imageOf(random, 30, 20);
  for (const view of VIEWS) {
    const { pixels, slots, colours } = painted(view, image, { opacity: 0.6, outlines: false });
    pixels.forEach((pixel, i) => assert.ok([colours.base[slots[i]], colours.hatch[slots[i]]].includes(pixel)));
  }
});

test('lines are as wide as they are asked to be', () => {
  const mask = { width: 6, height: 1, starts: Uint32Array.of(3), ends: Uint32Array.of(6) };
  const image = { width: 6, height: 1, segments: [{ id: 1, hue: 1, category_id: 1, crowd: false, mask }] };
  for (const edge of [1, 2, 3]) {
    const { pixels, colours } = painted('semantic', image, { opacity: 0.6 }, { edge });
    assert.equal([...pixels].filter((pixel) => pixel === colours.edge[1]).length, edge);
  }
});
