import assert from 'node:assert/strict';
import { test } from 'node:test';
import { recoloured, safeColour } from '../../../assets/js/stage/colours.mjs';

test('a palette is put on and taken off again', () => {
  const own = [1, 2, 3].map((id) => ({ id, name: `c${id}`, colour: [id, id, id] }));
  const safe = recoloured(own, 'safe');
  assert.deepEqual(
    safe.map(({ colour }) => colour),
    [safeColour(0), safeColour(1), safeColour(2)],
  );
  assert.deepEqual(
    recoloured(recoloured(safe, 'safe'), 'label').map(({ colour }) => colour),
    own.map(({ colour }) => colour),
  );
});

test('the first thirty-five safe colours differ', () => {
  const colours = Array.from({ length: 35 }, (_, index) => safeColour(index).join());
  assert.equal(new Set(colours).size, 35);
});
