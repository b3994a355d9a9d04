import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createChanging } from '../../../assets/js/labels/changing.mjs';
import { ApiError } from '../../../assets/js/session/api.mjs';

const used = { segments: 0, images: 0, segments_on_deleted: 0 };
const label = (id, name) => ({ id, name, is_thing: true, colour: [id, 0, 0], key: null, ...used });
const rename = (id, name) => ({ kind: 'change', id, fields: { name } });
const DOWN = { kind: 'move', id: 1, by: 1 };
const settled = () => new Promise((resolve) => setImmediate(resolve));

/** The server's side in memory: refuses a stale base and a name twice; `held` answers wait, `lost` ones never come. */
function createServer() {
  let past = [];
  const categories = [label(1, 'person'), label(3, 'car'), label(7, 'sky')];
  let now = { workspace: 'w', revision: 0, categories, changes: [] };
  const server = {
    got: [],
    down: false,
    lost: 0,
    held: /** @type {(() => void)[] | null} */ (null),
    names: () => now.categories.map(({ name }) => name).join(' '),
    /** What somebody else does. */
    save(body) {
      const { kind, id } = body;
      const found = (one) => now.categories.find((other) => other.id === one);
      let { categories } = now;
      if (kind === 'undo') ({ categories } = past.pop());
      if (kind === 'add') categories = [...categories, label(10 + now.revision, body.name)];
      if (kind === 'change') {
        const isTaken = categories.some((one) => one.id !== id && one.name === body.name);
        if (isTaken) throw new ApiError(422, 'the name twice');
        categories = categories.map((one) => (one.id === id ? { ...one, ...body } : one));
      }
      if (kind === 'remove') categories = categories.filter((one) => one.id !== id);
      if (kind === 'reorder') categories = body.order.map(found);
      if (kind !== 'undo') past.push(now);
      const revision = now.revision + 1;
      const changes = [{ id: revision, told: kind, undone: false }, ...now.changes];
      now = { ...now, revision, categories, changes, undoable: past.length > 0 ? changes[0] : null };
      return { revision, id: categories.at(-1).id, told: `saved ${kind}` };
    },
    api: {
      async read() {
        if (server.down) throw new ApiError(0, 'no connection');
        return structuredClone(now);
      },
      async change({ workspace, base, ...body }) {
        if (server.down) throw new ApiError(0, 'no connection');
        server.got.push(body.kind);
        if (server.held) await new Promise((resolve) => server.held.push(resolve));
        if (base !== now.revision) throw new ApiError(409, 'stale');
        const answer = server.save(body);
        if (server.lost-- > 0) throw new ApiError(0, 'no connection');
        return answer;
      },
    },
  };
  return server;
}

async function opened() {
  const server = createServer();
  const said = [];
  const again = [];
  const wait = () => new Promise((resolve) => again.push(resolve));
  const changing = createChanging({ api: server.api, changed: () => {}, say: (text) => said.push(text), wait });
  await changing.look();
  const shown = () => changing.labelSet.categories.map(({ name }) => name).join(' ');
  return { server, changing, said, shown, retry: () => again.splice(0).forEach((go) => go()) };
}

test('a change made while the one before is saved keeps both', async () => {
  const { server, changing, shown } = await opened();
  server.held = [];
  const stuff = { kind: 'change', id: 3, fields: { is_thing: false } };
  const both = [changing.push(rename(3, 'lorry')), changing.push(stuff)];
  assert.equal(shown(), 'person lorry sky');
  await settled();
  assert.deepEqual(server.got, ['change']);
  const [answer] = server.held;
  server.held = null;
  answer();
  assert.deepEqual(await Promise.all(both), [true, true]);
  const [, lorry] = (await server.api.read()).categories;
  assert.deepEqual([lorry.name, lorry.is_thing], ['lorry', false]);
});

test('each of many moves goes on from the one before', async () => {
  const { server, changing, shown } = await opened();
  const moves = [changing.push(DOWN), changing.push(DOWN), changing.push(DOWN), changing.push({ ...DOWN, by: -1 })];
  assert.equal(shown(), 'car person sky');
  await Promise.all(moves);
  assert.equal(server.names(), 'car person sky');
  assert.deepEqual(server.got, ['reorder', 'reorder', 'reorder']);
});

test('a change goes on top of what somebody else did', async () => {
  const { server, changing, said } = await opened();
  server.save({ kind: 'add', name: 'theirs' });
  assert.equal(await changing.push(rename(3, 'lorry')), true);
  assert.equal(server.names(), 'person lorry sky theirs');
  assert.deepEqual(said, ['saved change']);
});

test('a change of what somebody else changed is not saved, and said', async () => {
  const { server, changing, said } = await opened();
  server.save({ ...label(3, 'bus'), kind: 'change' });
  const saved = [changing.push(rename(3, 'lorry')), changing.push(rename(7, 'air'))];
  assert.deepEqual(await Promise.all(saved), [false, true]);
  assert.equal(server.names(), 'person bus air');
  assert.match(said[0], /^The name “lorry” is not saved: somebody else changed/);
});

test('an undo never takes back what somebody else did meanwhile, nor what is older than a refused change', async () => {
  const { server, changing, said } = await opened();
  await changing.push(rename(3, 'lorry'));
  await settled();
  server.save({ kind: 'add', name: 'theirs' });
  changing.undo();
  await settled();
  assert.match(said.at(-1), /^Not undone: somebody else/);
  server.held = [];
  const refused = changing.push(rename(3, 'sky'));
  await settled();
  changing.undo();
  server.held.pop()();
  server.held = null;
  assert.equal(await refused, false);
  await settled();
  assert.equal(server.names(), 'person lorry sky theirs');
  assert.match(said.at(-1), /^The name “sky” is not saved: the name twice/);
});

test('without a connection what was asked for is kept, said, and saved when it is back', async () => {
  const { server, changing, shown, said, retry } = await opened();
  server.down = true;
  const asked = [changing.push(rename(3, 'lorry')), changing.push({ kind: 'add', name: 'zebra' })];
  await settled();
  assert.equal(shown(), 'person lorry sky zebra');
  assert.equal(changing.trouble, '2 changes are not saved: no connection. They are kept here and tried again.');
  assert.deepEqual([...changing.unsaved], [3, -1]);
  changing.undo();
  assert.equal(said.at(-1), 'The label “zebra” is given up.');
  assert.match(changing.trouble, /^The name “lorry” is not saved: no connection\./);
  retry();
  await settled();
  assert.equal(changing.waiting, 1);
  server.down = false;
  retry();
  assert.deepEqual(await Promise.all(asked), [true, false]);
  assert.equal(changing.trouble, null);
  assert.equal(server.names(), 'person lorry sky');
});

test('a change whose answer was lost is saved once', async () => {
  const { server, changing, retry } = await opened();
  server.lost = 1;
  const moved = [changing.push(DOWN), changing.push(rename(7, 'air'))];
  await settled();
  assert.equal(changing.waiting, 2);
  retry();
  assert.deepEqual(await Promise.all(moved), [true, true]);
  assert.equal(server.names(), 'car person air');
  assert.deepEqual(server.got, ['reorder', 'change']);
});
