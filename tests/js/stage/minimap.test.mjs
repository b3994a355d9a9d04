import assert from 'node:assert/strict';
import { test } from 'node:test';
import { sizeOf } from '../../../assets/js/stage/minimap.mjs';

test('the minimap has the photo’s shape, and of a very long one enough to be hit', () => {
  assert.deepEqual(sizeOf({ width: 4000, height: 3000 }), { width: 180, height: 135 });
  assert.deepEqual(sizeOf({ width: 10_000, height: 200 }), { width: 180, height: 24 });
  assert.deepEqual(sizeOf({ width: 200, height: 10_000 }), { width: 24, height: 180 });
});
