import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createApi } from '../../../assets/js/session/api.mjs';

const headers = { 'Content-Type': 'application/json' };
const json = (status, body) => new Response(JSON.stringify(body), { status, headers });

test('a correction that is not answered in time counts as not answered', async (t) => {
  const limit = t.mock.method(AbortSignal, 'timeout', () => AbortSignal.abort());
  t.mock.method(globalThis, 'fetch', async (_, { signal }) => signal.throwIfAborted());
  await assert.rejects(createApi('/api/').correct(1, {}), { status: 0, message: 'no connection to the server' });
  assert.deepEqual(limit.mock.calls[0].arguments, [20_000]);
});

test("a gateway's answer in the server's stead is none; the server's own is one", async (t) => {
  const gateway = (status) => new Response('<h1>Bad Gateway</h1>', { status, headers: { 'Content-Type': 'text/html' } });
  const answers = [gateway(502), gateway(504), gateway(503), json(503, { error: 'the database is busy' })];
  t.mock.method(globalThis, 'fetch', async () => answers.shift());
  const api = createApi('/api/');
  for (let i = 0; i < 3; i++) await assert.rejects(api.workspace(), { status: 0, message: 'no connection to the server' });
  await assert.rejects(api.workspace(), { status: 503, message: 'the database is busy' });
});

test('looking ahead says so to the server; opening does not', async (t) => {
  const fetched = t.mock.method(globalThis, 'fetch', async () => json(200, { id: 7 }));
  const api = createApi('/api/');
  await api.imageAhead(7);
  await api.image(7);
  assert.deepEqual(fetched.mock.calls.map((call) => call.arguments[0]), ['/api/images/7?ahead=true', '/api/images/7']);
});

test('why a picture did not come: in the words of the server, or what it answered', async (t) => {
  const answers = [json(404, { error: 'the file is gone' }), new Response('', { status: 500 }), new Response('x')];
  t.mock.method(globalThis, 'fetch', async () => {
    if (answers.length === 0) throw new TypeError('failed to fetch');
    return answers.shift();
  });
  const api = createApi('/api/');
  const reasons = [];
  for (let i = 0; i < 4; i++) reasons.push(await api.whyNot('/photo/1'));
  assert.deepEqual(reasons, [
    'the file is gone',
    'the server answered 500',
    'the browser cannot read it',
    'no connection to the server',
  ]);
});

test('an image that does not come in time, or breaks off on its way, counts as not answered', async (t) => {
  const lost = { status: 0, message: 'no connection to the server' };
  const limit = t.mock.method(AbortSignal, 'timeout', () => AbortSignal.abort());
  const fetched = t.mock.method(globalThis, 'fetch', async (_, { signal }) => signal.throwIfAborted());
  await assert.rejects(createApi('/api/').image(1), lost);
  assert.deepEqual(limit.mock.calls[0].arguments, [30_000]);
  fetched.mock.mockImplementation(async () => new Response('{"id": 1, "segm', { headers }));
  await assert.rejects(createApi('/api/').image(1), lost);
});

test('who is logged out reads words for people, not those for scripts', async (t) => {
  const error = 'log in first; a script sends a name and a password';
  t.mock.method(globalThis, 'fetch', async () => json(401, { error }));
  const api = createApi('/api/');
  await assert.rejects(api.image(1), { status: 401, message: 'you are logged out' });
  assert.deepEqual(await api.correct(1, {}), { status: 401, body: { error: 'you are logged out' } });
});
