import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createQueue } from '../../assets/js/queue.mjs';

/** A queue over a server that answers as told: a status, or 'lost' for no answer; `hooks` stand in for the ears. */
function queueWith(script, hooks = {}) {
  const heard = { sent: [], saved: [], stale: [], refused: [], closed: [], broken: [], statuses: [], waits: [] };
  let idle;
  const finished = new Promise((resolve) => (idle = resolve));
  const queue = createQueue({
    send: async (action, seq) => {
      heard.sent.push([action.name, seq]);
      const answer = script.shift() ?? 200;
      if (answer === 'lost') throw new Error('connection reset');
      return { status: answer, body: answer === 200 ? { seq } : { error: `said ${answer}`, revision: 9 } };
    },
    onSaved: (action) => heard.saved.push(action.name),
    onStale: (action, dropped) => heard.stale.push(dropped.map(({ name }) => name)),
    onRefused: (action, error) => heard.refused.push([action.name, error]),
    onClosed: (dropped, error) => heard.closed.push([dropped.map(({ name }) => name), error]),
    onBroken: (error, action) => heard.broken.push([error.message, action?.name]),
    onStatus: (status) => {
      heard.statuses.push(status);
      if (status.pending === 0) idle();
    },
    wait: async (ms) => void heard.waits.push(ms),
    ...hooks,
  });
  return { queue, heard, finished };
}

const act = (name, imageId = 1) => ({ name, imageId });
const settled = () => new Promise((resolve) => setImmediate(resolve));

test('corrections go one at a time in order, each with its own number', async () => {
  const { queue, heard, finished } = queueWith([]);
  for (const name of ['a', 'b', 'c']) queue.push(act(name));
  assert.deepEqual(heard.sent, [['a', 1]]);
  assert.equal(queue.pending, 3);
  await finished;
  assert.deepEqual(heard.sent, [['a', 1], ['b', 2], ['c', 3]]);
  assert.deepEqual(heard.saved, ['a', 'b', 'c']);
  assert.equal(queue.pending, 0);
});

test('what gets no answer, or a broken one, is sent again with the same number and growing pauses', async () => {
  const { queue, heard, finished } = queueWith(['lost', 500, 503, 'lost', 'lost', 'lost', 'lost', 200]);
  queue.push(act('a'));
  queue.push(act('b'));
  await finished;
  assert.deepEqual(heard.sent, [...Array(8).fill(['a', 1]), ['b', 2]]);
  assert.deepEqual(heard.waits, [500, 1000, 2000, 4000, 8000, 10000, 10000]);
  const reasons = heard.statuses.map(({ reason }) => reason);
  assert.ok(reasons.includes('no connection to the server') && reasons.includes('said 500'));
  assert.deepEqual(heard.statuses.at(-1), { pending: 0, reason: null });
});

test('nothing is called saved before the server has said so', async () => {
  const { queue, heard, finished } = queueWith(['lost', 200]);
  queue.push(act('a'));
  await finished;
  const empty = heard.statuses.findIndex(({ pending }) => pending === 0);
  assert.equal(empty, heard.statuses.length - 1);
  assert.deepEqual(heard.saved, ['a']);
});

test('a stale correction goes with the waiting ones of its photo; those of others stay', async () => {
  const { queue, heard, finished } = queueWith([409]);
  for (const [name, image] of [['a', 1], ['b', 2], ['c', 1]]) queue.push(act(name, image));
  await finished;
  assert.deepEqual(heard.stale, [['a', 'c']]);
  assert.deepEqual(heard.saved, ['b']);
});

test('a refused correction tells why and is not sent again, and the next one goes on', async () => {
  for (const status of [403, 404, 413, 422]) {
    const { queue, heard, finished } = queueWith([status]);
    queue.push(act('a'));
    queue.push(act('b'));
    await finished;
    assert.deepEqual(heard.refused, [['a', `said ${status}`]]);
    assert.deepEqual(heard.sent, [['a', 1], ['b', 2]]);
    assert.deepEqual(heard.saved, ['b']);
  }
});

test('when another workspace is served, all that waits is dropped and nothing more is sent', async () => {
  const { queue, heard, finished } = queueWith([412]);
  for (const [name, image] of [['a', 1], ['b', 2], ['c', 1]]) queue.push(act(name, image));
  await finished;
  assert.deepEqual(heard.closed, [[['a', 'b', 'c'], 'said 412']]);
  assert.deepEqual(heard.sent, [['a', 1]]);
  assert.equal(queue.pending, 0);
});

test('a hook that throws is told of, costs no other correction, and nothing is sent twice', async () => {
  const fails = () => {
    throw new Error('a bug');
  };
  for (const [hook, status] of [['onSaved', 200], ['onRefused', 422], ['onStale', 409], ['onClosed', 412]]) {
    const { queue, heard } = queueWith([status], { [hook]: fails });
    queue.push(act('a'));
    await settled();
    queue.push(act('b', 2));
    await settled();
    assert.deepEqual(heard.sent, [['a', 1], ['b', 2]], hook);
    assert.deepEqual(heard.broken[0], ['a bug', 'a'], hook);
    assert.equal(queue.pending, 0);
  }
  const { queue, heard } = queueWith(['lost'], { onStatus: fails });
  for (const name of ['a', 'b']) queue.push(act(name));
  await settled();
  assert.deepEqual(heard.sent, [['a', 1], ['a', 1], ['b', 2]]);
  assert.deepEqual(heard.saved, ['a', 'b']);
  assert.deepEqual(heard.broken[0], ['a bug', undefined]);
});

test('the queue starts again after it was empty', async () => {
  const first = queueWith([]);
  first.queue.push(act('a'));
  await first.finished;
  first.queue.push(act('b'));
  await settled();
  assert.deepEqual(first.heard.saved, ['a', 'b']);
});
