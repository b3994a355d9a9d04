import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ApiError } from '../../../assets/js/session/api.mjs';
import { createQueue } from '../../../assets/js/session/queue.mjs';

/** A queue over a server that answers as told: a status, or 'lost' for no answer; `hooks` stand in for the ears. */
function queueWith(script, hooks = {}) {
  const heard = { sent: [], saved: [], stale: [], refused: [], closed: [], stuck: [], broken: [], statuses: [], waits: [] };
  let idle;
  const finished = new Promise((resolve) => (idle = resolve));
  const queue = createQueue({
    send: async (entry) => {
      heard.sent.push(entry.name);
      const answer = script.shift() ?? 200;
      if (answer === 'lost') throw new ApiError(0, 'connection reset');
      return { status: answer, body: answer === 200 ? {} : { error: `said ${answer}`, revision: 9 } };
    },
    onSaved: (entry) => heard.saved.push(entry.name),
    onStale: async (mine) => (heard.stale.push(names(mine)), mine),
    onRefused: (mine, error) => (heard.refused.push([names(mine), error]), mine.slice(1)),
    onClosed: (dropped, error) => heard.closed.push([names(dropped), error]),
    onStuck: (entry, reason) => heard.stuck.push([entry.name, reason]),
    onBroken: (error, entry) => heard.broken.push([error.message, entry?.name]),
    onStatus: (status) => {
      heard.statuses.push(status);
      if (status.pending === 0) idle();
    },
    wait: async (ms) => void heard.waits.push(ms),
    ...hooks,
  });
  return { queue, heard, finished };
}

const names = (entries) => entries.map(({ name }) => name);
const act = (name, imageId = 1) => ({ name, imageId });
const settled = () => new Promise((resolve) => setImmediate(resolve));

test('corrections go one at a time in order', async () => {
  const { queue, heard, finished } = queueWith([]);
  for (const name of ['a', 'b', 'c']) queue.push(act(name));
  assert.deepEqual(heard.sent, ['a']);
  assert.deepEqual(names(queue.waiting), ['a', 'b', 'c']);
  await finished;
  assert.deepEqual(heard.sent, ['a', 'b', 'c']);
  assert.deepEqual(heard.saved, ['a', 'b', 'c']);
  assert.deepEqual(queue.waiting, []);
});

test('what gets no answer, or a broken one, is sent again with growing pauses', async () => {
  const { queue, heard, finished } = queueWith(['lost', 500, 401, 'lost', 'lost', 'lost', 'lost', 200]);
  queue.push(act('a'));
  queue.push(act('b'));
  await finished;
  assert.deepEqual(heard.sent, [...Array(8).fill('a'), 'b']);
  assert.deepEqual(heard.waits, [500, 1000, 2000, 4000, 8000, 10000, 10000]);
  const reasons = heard.statuses.map(({ reason }) => reason);
  assert.ok(reasons.includes('no connection to the server') && reasons.includes('said 500'));
  assert.deepEqual(heard.statuses.at(-1), { pending: 0, reason: null });
});

test('a queue that waits for the server sends at once when it is woken', async () => {
  const { queue, heard, finished } = queueWith(['lost', 200], { wait: () => new Promise(() => {}) });
  queue.push(act('a'));
  await settled();
  assert.deepEqual(heard.sent, ['a']);
  queue.wake();
  await finished;
  assert.deepEqual(heard.saved, ['a']);
});

test('what another tab left comes before what is waiting here, and behind what is being answered', async () => {
  const { queue, heard, finished } = queueWith([]);
  for (const name of ['a', 'b']) queue.push(act(name));
  queue.adopt(['x', 'y'].map((name) => act(name)));
  await finished;
  assert.deepEqual(heard.saved, ['a', 'x', 'y', 'b']);
});

test('what two tabs left goes tab by tab, before what is waiting here', async () => {
  const { queue, heard, finished } = queueWith([]);
  queue.push(act('now'));
  queue.push(act('here'));
  queue.adopt(['a1', 'a2', 'a3'].map((name) => act(name)));
  queue.adopt(['b1', 'b2'].map((name) => act(name)));
  await finished;
  assert.deepEqual(heard.sent, ['now', 'a1', 'a2', 'a3', 'b1', 'b2', 'here']);
});

test('nothing is called saved before the server has said so', async () => {
  const { queue, heard, finished } = queueWith(['lost', 200]);
  queue.push(act('a'));
  await finished;
  const empty = heard.statuses.findIndex(({ pending }) => pending === 0);
  assert.equal(empty, heard.statuses.length - 1);
  assert.deepEqual(heard.saved, ['a']);
});

test('a stale correction is judged with the waiting ones of its photo; what fits is sent again in its place', async () => {
  const stays = async (mine) => mine.filter(({ name }) => name !== 'b');
  const { queue, heard, finished } = queueWith([409], { onStale: stays });
  for (const [name, image] of [['a', 1], ['b', 1], ['x', 2], ['c', 1]]) queue.push(act(name, image));
  await finished;
  assert.deepEqual(heard.sent, ['a', 'a', 'x', 'c']);
  assert.deepEqual(heard.saved, ['a', 'x', 'c']);
});

test('when the photo could not be had after a stale answer, the correction waits for it', async () => {
  let lost = 2;
  const onStale = async (mine) => {
    if (lost-- > 0) throw new ApiError(0, 'no connection');
    return mine;
  };
  const { queue, heard, finished } = queueWith([409, 409, 409], { onStale });
  queue.push(act('a'));
  await finished;
  assert.deepEqual(heard.sent, ['a', 'a', 'a', 'a']);
  assert.deepEqual(heard.saved, ['a']);
});

test('what is made while a stale answer is looked into is kept', async () => {
  let decide;
  const { queue, heard, finished } = queueWith([409], { onStale: () => new Promise((resolve) => (decide = resolve)) });
  queue.push(act('a'));
  await settled();
  queue.push(act('b'));
  decide([]);
  await finished;
  assert.deepEqual(heard.saved, ['b']);
});

test('a refused correction tells why, with the waiting ones of its photo; those that are kept go on', async () => {
  for (const status of [400, 403, 404, 413, 422]) {
    const { queue, heard, finished } = queueWith([status]);
    for (const [name, image] of [['a', 1], ['b', 1], ['x', 2]]) queue.push(act(name, image));
    await finished;
    assert.deepEqual(heard.refused, [[['a', 'b'], `said ${status}`]]);
    assert.deepEqual(heard.saved, ['b', 'x']);
  }
});

test('when another workspace is served, all that waits is dropped and nothing more is sent', async () => {
  const { queue, heard, finished } = queueWith([412]);
  for (const [name, image] of [['a', 1], ['b', 2], ['c', 1]]) queue.push(act(name, image));
  await finished;
  assert.deepEqual(heard.closed, [[['a', 'b', 'c'], 'said 412']]);
  assert.deepEqual(heard.sent, ['a']);
  assert.deepEqual(queue.waiting, []);
});

test('a hook that throws is told of, costs no other correction, and nothing is sent twice', async () => {
  const fails = () => {
    throw new Error('a bug');
  };
  for (const [hook, status] of [['onSaved', 200], ['onRefused', 422], ['onClosed', 412]]) {
    const { queue, heard } = queueWith([status], { [hook]: fails });
    queue.push(act('a'));
    await settled();
    queue.push(act('b', 2));
    await settled();
    assert.deepEqual(heard.sent, ['a', 'b'], hook);
    assert.deepEqual(heard.broken[0], ['a bug', 'a'], hook);
    assert.deepEqual(queue.waiting, []);
  }
  const { queue, heard } = queueWith(['lost'], { onStatus: fails });
  for (const name of ['a', 'b']) queue.push(act(name));
  await settled();
  assert.deepEqual(heard.sent, ['a', 'a', 'b']);
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

/** A queue whose server fails on those in `bad` until they are taken out of it. */
function queueFailingOn(bad, hooks = {}) {
  const sent = [];
  const send = async ({ name }) => {
    sent.push(name);
    return bad.has(name) ? { status: 500, body: { error: 'boom' } } : { status: 200, body: {} };
  };
  return { sent, ...queueWith([], { send, ...hooks }) };
}

test('a correction that the server fails on again and again is told of, and other photos go on', async () => {
  const bad = new Set(['a']);
  const onSaved = ({ name }) => (heard.saved.push(name), name === 'y' && bad.clear());
  const { queue, heard, sent, finished } = queueFailingOn(bad, { onSaved });
  for (const [name, image] of [['a', 1], ['b', 1], ['x', 2], ['y', 3]]) queue.push(act(name, image));
  await finished;
  assert.deepEqual(heard.stuck, [['a', 'boom']]);
  assert.deepEqual(sent, ['a', 'a', 'a', 'x', 'y', 'a', 'b']);
  assert.deepEqual(heard.saved, ['x', 'y', 'a', 'b']);
});

test('what is made while only stuck ones wait is sent at once; stuck ones take turns', async () => {
  const bad = new Set(['a', 'x']);
  const waits = [];
  const wait = (ms) => (waits.push(ms), waits.length > 4 ? new Promise(() => {}) : Promise.resolve());
  const { queue, heard, sent } = queueFailingOn(bad, { wait });
  queue.push(act('a', 1));
  queue.push(act('x', 2));
  await settled();
  assert.deepEqual(sent, ['a', 'a', 'a', 'x', 'x', 'x']);
  queue.push(act('n', 3));
  await settled();
  assert.deepEqual(heard.saved, ['n']);
  assert.deepEqual(sent.slice(6), ['n', 'a']);
  assert.deepEqual(waits, [500, 1000, 500, 1000, 10000, 10000]);
});

test('a server that is gone or busy makes no correction stuck', async () => {
  const { queue, heard, finished } = queueWith(['lost', 502, 503, 504, 429, 401, 408]);
  queue.push(act('a', 1));
  queue.push(act('x', 2));
  await finished;
  assert.deepEqual(heard.sent, [...Array(8).fill('a'), 'x']);
  assert.deepEqual(heard.stuck, []);
});
