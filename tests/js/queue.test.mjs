import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createQueue } from '../../assets/js/queue.mjs';

/** A queue over a server that answers as told: a status, or 'lost' for no answer. */
function queueWith(script) {
  const heard = { sent: [], saved: [], stale: [], refused: [], statuses: [], waits: [] };
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
    onStatus: (status) => {
      heard.statuses.push(status);
      if (status.pending === 0) idle();
    },
    wait: async (ms) => void heard.waits.push(ms),
  });
  return { queue, heard, finished };
}

const act = (name, imageId = 1) => ({ name, imageId });

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

test('a refused correction tells why, and the next one goes on', async () => {
  const { queue, heard, finished } = queueWith([422]);
  queue.push(act('a'));
  queue.push(act('b'));
  await finished;
  assert.deepEqual(heard.refused, [['a', 'said 422']]);
  assert.deepEqual(heard.saved, ['b']);
});

test('the queue starts again after it was empty', async () => {
  const first = queueWith([]);
  first.queue.push(act('a'));
  await first.finished;
  first.queue.push(act('b'));
  await new Promise((resolve) => setImmediate(resolve));
  assert.deepEqual(first.heard.saved, ['a', 'b']);
});
