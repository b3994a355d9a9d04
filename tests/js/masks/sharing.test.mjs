import assert from 'node:assert/strict';
import { test } from 'node:test';
import { difference } from '../../../assets/js/masks/algebra.mjs';
import { parted } from '../../../assets/js/masks/regions.mjs';
import { sharedOut, touchedBy } from '../../../assets/js/masks/sharing.mjs';
import { drawn } from './drawn.mjs';

test('pixels between parts go to the nearest one, at a tie to the lowest owner', () => {
  const parts = parted(drawn('##.....#\n##.....#'));
  const between = difference(drawn('########\n########'), drawn('##.....#\n##.....#'));
  const owned = ([large, small]) => [...sharedOut(between, parts, [large, small]).owners];
  assert.deepEqual(owned([0, 1]), [0, 0, 0, 0, 0, 0, 1, 1, 1, 1]);
  assert.deepEqual(owned([1, 0]), [1, 1, 1, 1, 0, 0, 0, 0, 0, 0]);
});

test('what nobody reaches goes to owner 0; above and below the photo is no pixel', () => {
  const parts = parted(drawn('#...\n....\n....'));
  assert.deepEqual([...sharedOut(drawn('....\n....\n.##.'), parts, [7]).owners], [0, 0]);
  assert.deepEqual([...touchedBy(drawn('.#..\n....\n....'), parts)], [1]);
  assert.deepEqual([...touchedBy(drawn('..#.\n....\n#...'), parts)], [0]);
});
