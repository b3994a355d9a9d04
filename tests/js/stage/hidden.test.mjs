import assert from 'node:assert/strict';
import { test } from 'node:test';
import { bbox } from '../../../assets/js/masks/masks.mjs';
import { hiddenArea, hiddenIn } from '../../../assets/js/stage/hidden.mjs';
import { pixelsOf, randomMask, randomOf } from './pixels.mjs';

test('hidden is what lies under the segments above, and nothing else', () => {
  const random = randomOf(29);
  for (let round = 0; round < 20; round++) {
    const segments = Array.from({ length: 5 }, (_, index) => {
      const mask = randomMask(random, 24, 18);
      return { kind: 'segment', key: `s${index}`, mask, bbox: bbox(mask) };
    });
    const state = { image: { segments } };
    segments.forEach((segment, place) => {
      const above = segments.slice(place + 1).map(({ mask }) => pixelsOf(mask));
      const expected = pixelsOf(segment.mask).map((value, at) => Number(value && above.some((mask) => mask[at] === 1)));
      const hidden = hiddenIn(state, segment);
      assert.deepEqual(hidden ? pixelsOf(hidden) : expected.map(() => 0), expected);
      assert.equal(hiddenArea(state, segment), expected.filter(Boolean).length);
    });
  }
});

test('of a proposal nothing is hidden', () => {
  assert.equal(hiddenArea({ image: { segments: [] } }, { kind: 'proposal', key: 'p1' }), 0);
});
