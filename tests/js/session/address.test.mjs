import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createAddress } from '../../../assets/js/session/address.mjs';

test('what stands in the address instead of a photo is no photo, and can be told', (t) => {
  t.after(() => delete globalThis.location);
  const expected = [
    ['', null, null],
    ['?image=12', 12, null],
    ['?image=', null, null],
    ['?image=99999999999999999999', null, '99999999999999999999'],
    ['?image=-1', null, '-1'],
    ['?image=%3Cb%3E1', null, '<b>1'],
    ['?image=1e3', null, '1e3'],
    [`?image=${'x'.repeat(500)}`, null, `${'x'.repeat(40)}…`],
  ];
  for (const [query, id, misspelt] of expected) {
    globalThis.location = { href: `http://127.0.0.1/${query}` };
    const address = createAddress();
    assert.deepEqual([address.imageId(), address.misspelt()], [id, misspelt], query);
  }
});
