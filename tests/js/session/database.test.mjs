import assert from 'node:assert/strict';
import { test } from 'node:test';
import { openDatabase } from '../../../assets/js/session/database.mjs';

const forbidding = {
  get indexedDB() {
    throw new DOMException('The operation is insecure.', 'SecurityError');
  },
};

test('a browser that forbids its database has none, and the page goes on', async () => {
  await assert.rejects(openDatabase(forbidding), { name: 'SecurityError' });
  await assert.rejects(openDatabase({}), /no database/);
});

test('a database that never answers is given up, and closed when it comes after all', async (t) => {
  t.mock.timers.enable({ apis: ['setTimeout'] });
  const request = { result: { closed: false, close: () => (request.result.closed = true) } };
  const opening = openDatabase({ indexedDB: { open: () => request } });
  t.mock.timers.tick(5_000);
  await assert.rejects(opening, /does not answer/);
  request.onsuccess();
  assert.equal(request.result.closed, true);
});

test('on the log-in page a browser that forbids its database is no fault', async (t) => {
  const before = Object.getOwnPropertyDescriptor(globalThis, 'indexedDB');
  Object.defineProperty(globalThis, 'indexedDB', { ...Object.getOwnPropertyDescriptor(forbidding, 'indexedDB'), configurable: true });
  t.after(() => (before ? Object.defineProperty(globalThis, 'indexedDB', before) : delete globalThis.indexedDB));
  await import('../../../assets/js/forget.mjs');
});
