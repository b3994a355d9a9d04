import assert from 'node:assert/strict';
import { test } from 'node:test';
import { fuzzyFilter, fuzzyScore } from '../../../assets/js/page/fuzzy.mjs';

const names = ['sports car', 'car', 'carrot', 'scarf', 'traffic light', 'cat', 'teddy bear', '${x}<b>'];
const items = names.map((name) => ({ name }));
const found = (query, limit = 10) => fuzzyFilter(query, items, limit).map(({ name }) => name);

test('a whole name comes first, then starts of names, of words, and the middle of words', () => {
  assert.deepEqual(found('car'), ['car', 'carrot', 'sports car', 'scarf']);
});

test('letters may be scattered, and starts of words count most', () => {
  assert.deepEqual(found('tl'), ['traffic light']);
  assert.equal(found('tb')[0], 'teddy bear');
});

test('case and blanks around do not matter; an empty query finds all in order', () => {
  assert.equal(found('  CAT ')[0], 'cat');
  assert.deepEqual(found(''), names);
});

test('what does not fit is left out, the limit holds, and odd characters are plain text', () => {
  assert.deepEqual(found('zzz'), []);
  assert.equal(found('a', 3).length, 3);
  assert.deepEqual(found('${'), ['${x}<b>']);
  assert.equal(fuzzyScore('carx', 'car'), -1);
});
