import assert from 'node:assert/strict';
import { test } from 'node:test';
import { equal, sharedArea, union } from '../../../assets/js/masks/algebra.mjs';
import { area, bbox, contains, encodeMask } from '../../../assets/js/masks/masks.mjs';
import { box } from '../masks/drawn.mjs';
import { openImage } from '../../../assets/js/truth/items.mjs';
import { SEMANTIC_VOID, viewMap } from '../../../assets/js/truth/views.mjs';
import { bareRegions, bestFill, percent, voidMask, voidShare, voidText } from '../../../assets/js/truth/voids.mjs';
import { fixtures, needsFixtures } from '../fixtures.mjs';

test('void is what the semantic view leaves void', needsFixtures, () => {
  for (const { image, categories } of fixtures.views) {
    const opened = openImage({ ...image, proposals: [] });
    const table = new Map(categories.map((category) => [category.id, category]));
    const { data, width } = viewMap('semantic', opened, table);
    const mask = voidMask(opened, table);
    const seen = Array.from(data, (_, i) => (contains(mask, i % width, Math.floor(i / width)) ? SEMANTIC_VOID : 0));
    assert.deepEqual(seen, Array.from(data, (id) => (id === SEMANTIC_VOID ? SEMANTIC_VOID : 0)));
    const others = union(opened.segments.map((segment) => segment.mask));
    for (const region of bareRegions(opened)) assert.equal(sharedArea(region, others), 0);
  }
});

const [WIDTH, HEIGHT] = [100, 60];
const rectangle = (x, y, width, height) => box(x, y, x + width, y + height, HEIGHT, WIDTH);
const shape = (mask) => ({ counts: encodeMask(mask), area: area(mask), bbox: bbox(mask) });

function segmentOf(mask, index) {
  return { id: index + 1, category_id: 1, order: index + 1, proposals: [], ...shape(mask) };
}

function imageOf(segments, proposals) {
  return openImage({
    ...{ id: 1, width: WIDTH, height: HEIGHT, revision: 0 },
    segments: segments.map(segmentOf),
    proposals: proposals.map(([mask, decision], index) => ({ id: index + 101, decision, score: 0.5, ...shape(mask) })),
  });
}

const categories = new Map([[1, { id: 1, name: 'car', is_thing: true }]]);

test('the share of void, its largest region and its text', () => {
  const image = imageOf([rectangle(20, 0, 30, 60)], []);
  const { pixels, share, largest } = voidShare({ image, categories });
  assert.deepEqual([pixels, share, largest.box], [70 * 60, 0.7, [50, 0, 50, 60]]);
  assert.equal(voidText({ pixels, share }), '70 % unlabelled');
  const all = voidShare({ image: imageOf([rectangle(0, 0, 100, 60)], []), categories });
  assert.deepEqual([all.pixels, all.largest, voidText(all)], [0, null, 'nothing unlabelled']);
  assert.equal(voidShare({ image: imageOf([], []), categories }).share, 1);
});

test('a percentage never says all or nothing where it is not', () => {
  assert.deepEqual([0, 0.0004, 0.031, 0.99996, 1].map(percent), ['0 %', '< 0.1 %', '3.1 %', '99.9 %', '100 %']);
});

test('the proposal that fits a region best fills it, cut to what no segment covers', () => {
  const image = imageOf(
    [rectangle(0, 0, 50, 60)],
    [
      [rectangle(50, 0, 50, 60), 'accepted'],
      [rectangle(0, 0, 100, 60), 'undecided'],
      [rectangle(40, 0, 60, 58), 'rejected'],
    ],
  );
  const [region] = bareRegions(image);
  const fill = bestFill(image, region);
  assert.equal(fill.proposal.id, 103);
  assert.ok(equal(fill.mask, rectangle(50, 0, 50, 58)));
  assert.equal(fill.covers, 58 / 60);
});

test('a large proposal fills a small region that nothing else fits', () => {
  const gap = rectangle(70, 20, 5, 5);
  const image = imageOf(
    [rectangle(0, 0, 70, 60), rectangle(75, 0, 25, 60), rectangle(70, 0, 5, 20), rectangle(70, 25, 5, 35)],
    [[rectangle(0, 0, 100, 60), 'undecided'], [rectangle(70, 20, 1, 1), 'undecided']],
  );
  const fill = bestFill(image, gap);
  assert.equal(fill.proposal.id, 101);
  assert.ok(equal(fill.mask, gap));
});

test('no proposal is better than one that hardly touches', () => {
  const image = imageOf([rectangle(0, 0, 50, 60)], [[rectangle(0, 0, 55, 60), 'undecided']]);
  assert.equal(bestFill(image, bareRegions(image)[0]), null);
});

test('of the chosen proposal, crumbs in other gaps stay void', () => {
  // A photo large enough that a pixel is below the limit.
  const [width, height] = [300, 200];
  const wide = (x, y, across, down) => box(x, y, x + across, y + down, height, width);
  const image = openImage({
    ...{ id: 1, width, height, revision: 0 },
    segments: [wide(0, 0, 100, 200), wide(101, 0, 99, 199), wide(100, 1, 1, 199), wide(101, 199, 99, 1)].map(segmentOf),
    proposals: [{ id: 101, decision: 'undecided', score: 0.5, ...shape(wide(90, 0, 210, 200)) }],
  });
  const [region] = bareRegions(image);
  assert.equal(bareRegions(image).length, 2);
  assert.ok(equal(bestFill(image, region).mask, region));
});
