import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createSession } from '../../../assets/js/session/session.mjs';
import { createStore } from '../../../assets/js/truth/state.mjs';
import { ApiError } from '../../../assets/js/session/api.mjs';
import { memoryDatabase } from './memory.mjs';
import { read } from '../../../assets/js/session/database.mjs';
import { THEIRS } from '../../../assets/js/truth/standing.mjs';

const imageOf = (id, change = {}) => ({
  id,
  file_name: `${id}.jpg`,
  width: 2,
  height: 2,
  revision: 3,
  done: false,
  photo_url: `/photo/${id}`,
  previous_id: id - 1 || null,
  next_id: id + 1,
  segments: [],
  proposals: [],
  proposing: { state: 'ready', message: '' },
  ...change,
});
const settled = () => new Promise((resolve) => setTimeout(resolve, 5));
const PATIENCE_MS = 30_000;

/** Waits for what is to come, however busy the machine is; what comes of waiting in vain is for the test to tell. */
async function until(isSo) {
  const last = performance.now() + PATIENCE_MS;
  while (!isSo() && performance.now() < last) await settled();
}

const saved = { revision: 4, segments: [], removed: [], decisions: {}, done: true, can_undo: true, can_redo: false };

/** A session over a server made of `api`'s functions; the pictures in `broken` do not come; the address names `wanted`. */
async function sessionWith(t, api = {}, broken = [], wanted = 1, database = undefined) {
  const asked = [];
  const sent = [];
  const browser = {
    innerWidth: 100,
    innerHeight: 100,
    devicePixelRatio: 1,
    fetch: async (url) => ({ ok: !broken.includes(url), blob: async () => url }),
    createImageBitmap: async (url) => ({ url, width: 2, close: () => {} }),
  };
  const before = { fetch: globalThis.fetch };
  Object.assign(globalThis, browser);
  t.after(() => {
    for (const name of Object.keys(browser)) delete globalThis[name];
    Object.assign(globalThis, before);
  });
  const store = createStore();
  const session = createSession({
    store,
    database,
    address: { imageId: () => (typeof wanted === 'number' ? wanted : null), misspelt: () => (typeof wanted === 'string' ? wanted : null), show: () => {}, onBack: () => {} },
    api: {
      workspace: async () => ({ id: 'uuid-a', user: 'ann', categories: [], default_threshold: 0.5 }),
      image: async (id) => (asked.push(id), imageOf(id)),
      imageAhead: async (id) => (asked.push(`${id} ahead`), imageOf(id)),
      whyNot: async () => 'the file is gone',
      correct: async (id, body) => (sent.push(body), { status: 200, body: saved }),
      ...api,
    },
  });
  await session.start();
  return { session, store, asked, sent };
}

test('a correction names the workspace it was made in, and who made it', async (t) => {
  const { session, sent, store } = await sessionWith(t);
  session.act('done');
  await settled();
  assert.deepEqual([sent[0].workspace, sent[0].user, sent[0].base_revision], ['uuid-a', 'ann', 3]);
  assert.equal(store.state.saving.saved, true);
});

test('without a photo in the address work goes on at the first open one, else at the first', async (t) => {
  for (const [answer, opened] of [
    [{ open_id: 7, first_id: 1 }, [7]],
    [{ open_id: null, first_id: 3 }, [3]],
    [{ open_id: null, first_id: null }, []],
  ]) {
    const { asked, store } = await sessionWith(t, { firstImage: async () => answer }, [], null);
    assert.deepEqual(asked, opened);
    assert.equal(store.state.empty ?? false, opened.length === 0);
  }
});

test('when another workspace is served, nothing stays ahead and the page says what to do', async (t) => {
  const correct = async () => ({ status: 412, body: { error: 'Another workspace is served; reload the page.' } });
  const { session, store } = await sessionWith(t, { correct });
  session.act('done');
  session.act('undo');
  await settled();
  assert.deepEqual(store.state.pending, []);
  assert.equal(store.state.image.done, false);
  assert.deepEqual(store.state.message, { text: 'Another workspace is served; reload the page.', kind: 'error' });
  assert.deepEqual(store.state.saving, { pending: 0, reason: null, saved: false, kept: 0 });
});

const segment = (id, change = {}) => ({ id, category_id: 1, order: id, crowd: false, counts: '04', area: 4, bbox: [0, 0, 2, 2], ...change });
const answering = (revision, change = {}) => ({ status: 200, body: { ...saved, done: false, revision, ...change } });

test('changed elsewhere: what still fits is sent again on top, what does not is kept with its reason', async (t) => {
  let image = imageOf(1, { segments: [segment(7), segment(8)] });
  const sent = [];
  const { session, store } = await sessionWith(t, {
    image: async () => image,
    correct: async (_, body) => {
      sent.push([body.operation, body.segments, body.base_revision]);
      if (body.base_revision !== image.revision) return { status: 409, body: { error: 'stale', revision: image.revision } };
      image = { ...image, revision: image.revision + 1 };
      return answering(image.revision);
    },
  });
  image = imageOf(1, { revision: 9, segments: [segment(7, { category_id: 5 }), segment(8)] });
  session.act('relabel', { segments: [7], categoryId: 2 });
  session.act('relabel', { segments: [8], categoryId: 2 });
  session.act('delete', { segments: [8] });
  await settled();
  assert.deepEqual(sent, [['relabel', [7], 3], ['relabel', [8], 9], ['delete', [8], 10]]);
  assert.deepEqual(store.state.unsent.map(({ action, why }) => [action.segments, why]), [
    [[7], 'its segment was given another label'],
  ]);
  assert.match(store.state.message.text, /^This photo was changed elsewhere; one correction no longer fits/);
});

test('what was not applied can be applied again on the image as it is, or let go', async (t) => {
  const sent = [];
  const { session, store } = await sessionWith(t, {
    image: async () => imageOf(1, { segments: [segment(7)] }),
    correct: async (_, body) => {
      sent.push(body);
      return sent.length < 3 ? { status: 422, body: { error: 'no' } } : answering(4);
    },
  });
  const mask = { height: 2, width: 2, starts: Uint32Array.of(1), ends: Uint32Array.of(3) };
  session.act('edit', { segments: [99], mask });
  session.act('relabel', { segments: [7], categoryId: 2 });
  await settled();
  const [edit, relabel] = store.state.unsent;
  await session.unsent.applyAgain(edit);
  session.unsent.discard(relabel);
  await settled();
  assert.deepEqual(store.state.unsent, []);
  assert.equal(sent.length, 3);
  assert.deepEqual([sent[2].operation, sent[2].segments, sent[2].masks], ['draw', [], [{ size: [2, 2], counts: sent[0].mask.counts }]]);
});

test('a refused correction takes the undo that was meant for it along, and nothing older is undone', async (t) => {
  const sent = [];
  const { session, store } = await sessionWith(t, {
    correct: async (_, body) => {
      sent.push(body.operation);
      return body.operation === 'accept' ? { status: 422, body: { error: 'no' } } : answering(4);
    },
  });
  session.act('accept', { proposals: [1] });
  session.act('undo');
  await settled();
  assert.deepEqual(sent, ['accept']);
  assert.deepEqual(store.state.unsent, []);
});

test('an action on another image is sent for it, on its own revision', async (t) => {
  const { session, sent } = await sessionWith(t, { imageAhead: async (id) => imageOf(id, { revision: 20 + id }) });
  const mask = { height: 2, width: 2, starts: Uint32Array.of(0), ends: Uint32Array.of(1) };
  const keys = session.act('draw', { masks: [mask, mask], image: { id: 2, file_name: '2.jpg' } });
  await settled();
  assert.equal(keys.length, 2);
  assert.deepEqual([sent[0].base_revision, sent[0].masks.length, 'comment' in sent[0]], [22, 2, false]);
});

test('an answer that the page cannot take is said, and the photo is loaded again without it', async (t) => {
  const { session, store, asked } = await sessionWith(t, { correct: async () => ({ status: 200, body: null }) });
  session.act('done');
  await settled();
  assert.deepEqual(asked, [1, 1]);
  assert.deepEqual(store.state.pending, []);
  assert.equal(store.state.message.kind, 'error');
});

test('a photo without its picture opens, says why, and its neighbours are reached', async (t) => {
  const { session, store } = await sessionWith(t, {}, ['/photo/1', '/photo/3']);
  const error = (name) => ({ text: `The picture of ${name} did not come: the file is gone`, kind: 'error' });
  assert.deepEqual([store.state.image.id, store.state.photo], [1, null]);
  assert.deepEqual(store.state.message, error('1.jpg'));
  await session.open(2);
  assert.equal(store.state.photo.levels[0].bitmap.url, '/photo/2');
  assert.equal(store.state.message.text, '');
  await session.open(3);
  assert.deepEqual([store.state.image.next_id, store.state.photo], [4, null]);
  assert.deepEqual(store.state.message, error('3.jpg'));
});

test('what was fetched ahead is opened without asking again, also where no model is or it failed', async (t) => {
  for (const state of ['ready', 'running', 'off', 'failed']) {
    const change = { proposing: { state, message: '' } };
    const proposing = async () => ({ state: 'ready', message: '' });
    const { session, asked } = await sessionWith(t, { proposing, imageAhead: async (id) => imageOf(id, change) });
    await session.lookAhead(2, '/photo/1');
    await session.open(2);
    assert.deepEqual(asked, [1], state);
  }
});

test('where the model has yet to be asked the photo opens all the same, and its proposals are taken in', async (t) => {
  let answer;
  const { session, store } = await sessionWith(t, {
    image: (id) => (id === 1 ? imageOf(1) : new Promise((resolve) => (answer = resolve))),
    imageAhead: async (id) => imageOf(id, { proposing: { state: 'waiting', message: '' } }),
  });
  await session.lookAhead(2, '/photo/1');
  await session.open(2);
  assert.deepEqual([store.state.image.id, store.state.proposing.state], [2, 'waiting']);
  const proposal = { id: 5, decision: 'undecided', score: 0.9, counts: '04', area: 4, bbox: [0, 0, 2, 2], class_scores: [] };
  answer(imageOf(2, { proposals: [proposal] }));
  await settled();
  assert.deepEqual([store.state.proposing.state, store.state.selection], ['ready', ['p5']]);
});

test('a photo that is being opened is not fetched once more by pressing the key again', async (t) => {
  const { session, store, asked } = await sessionWith(t);
  await Promise.all([session.open(2), session.open(2)]);
  assert.deepEqual(asked, [1, 2]);
  await Promise.all([session.open(3), session.open(2), session.open(3)]);
  assert.equal(store.state.image.id, 3);
});

const maskOf = (start, end) => ({ height: 2, width: 2, starts: Uint32Array.of(start), ends: Uint32Array.of(end) });
const idOf = (key) => Number(key.slice(1));

test('a part cut off a region that the server has not named yet gets its own name', async (t) => {
  const sent = [];
  const answers = [[segment(7)], [segment(7, { area: 3 }), segment(8, { area: 1 })], [segment(8, { category_id: 3 })]];
  const { session } = await sessionWith(t, {
    correct: async (_, body) => (sent.push(body), answering(3 + sent.length, { segments: answers[sent.length - 1] })),
  });
  const [drawn] = session.act('draw', { mask: maskOf(0, 4), categoryId: 1 });
  const [part] = session.act('slice', { segments: [idOf(drawn)], masks: [maskOf(0, 3), maskOf(3, 4)] });
  session.act('relabel', { segments: [idOf(part)], categoryId: 3 });
  await settled();
  assert.deepEqual(sent.map(({ segments }) => segments), [[], [7], [8]]);
});

test('a photo asked for too often after a stale answer is asked for again, and nothing is lost', async (t) => {
  let refusals = 1;
  const busy = () => {
    if (refusals-- > 0) throw new ApiError(429, 'later');
    return imageOf(1, { revision: 9 });
  };
  let opened = false;
  const { session, store } = await sessionWith(t, {
    image: async () => (opened ? busy() : ((opened = true), imageOf(1))),
    correct: async (_, body) => (body.base_revision === 9 ? answering(10) : { status: 409, body: { error: 'stale' } }),
  });
  session.act('draw', { mask: maskOf(0, 1) });
  await until(() => store.state.base.revision === 10);
  assert.deepEqual([store.state.unsent, store.state.pending, store.state.base.revision], [[], [], 10]);
});

test('what another person must not send is sent once the server is ours again', async (t) => {
  const sent = [];
  const correct = async (_, body) => {
    sent.push(body.operation);
    await settled();
    return sent.length === 1 ? { status: 412, body: { error: 'You are bea now.' } } : answering(2 + sent.length);
  };
  const { session, store } = await sessionWith(t, { correct }, [], 1, Promise.resolve(memoryDatabase()));
  session.act('draw', { mask: maskOf(0, 1) });
  await until(() => /Kept on this machine/.test(store.state.message.text));
  assert.match(store.state.message.text, /Kept on this machine: one correction/);
  session.act('done');
  await until(() => sent.length >= 3 && store.state.pending.length === 0);
  assert.deepEqual(sent, ['draw', 'done', 'draw']);
  assert.deepEqual(store.state.pending, []);
});

test('a correction that is answered while the picture comes is on the photo when it opens', async (t) => {
  let revision = 3;
  const { session, store } = await sessionWith(t, {
    image: async (id) => imageOf(id, { revision, segments: revision > 3 ? [segment(7)] : [] }),
    imageAhead: async (id) => imageOf(id),
    correct: async () => {
      await settled();
      return answering(++revision, { segments: [segment(7)] });
    },
  });
  const { fetch } = globalThis;
  globalThis.fetch = async (url) => (await until(() => revision > 3), await settled(), fetch(url));
  session.act('draw', { mask: maskOf(0, 4), image: { id: 2, file_name: '2.jpg' } });
  await session.open(2);
  assert.deepEqual([store.state.base.revision, store.state.image.segments.map(({ id }) => id)], [4, [7]]);
});

test('an answer is no difference to an older copy of the photo: the photo is fetched again', async (t) => {
  const server = { image: imageOf(1, { revision: 5, segments: [segment(7), segment(8)] }), reached: true };
  const { session, store } = await sessionWith(t, {
    image: async () => server.image,
    correct: async () => {
      server.image = { ...server.image, revision: 6, segments: [segment(7), segment(8), segment(9)] };
      return answering(6, { segments: [segment(9)] });
    },
  });
  session.act('draw', { mask: maskOf(0, 4) });
  store.dispatch({ type: 'refetched', image: { ...store.state.base, revision: 3, segments: [] } });
  await settled();
  assert.deepEqual(store.state.base.segments.map(({ id }) => id), [7, 8, 9]);
  assert.equal(store.state.base.revision, 6);
});

test('a photo that was opened from this machine is fetched once the server answers', async (t) => {
  const server = { gone: false };
  const image = async (id) => {
    if (server.gone) throw new ApiError(0, 'no connection');
    return imageOf(id, { revision: server.gone === null ? 8 : 3 });
  };
  const database = Promise.resolve(memoryDatabase());
  const { session, store } = await sessionWith(t, { image }, [], 1, database);
  await session.lookAhead(2, '/photo/1');
  await settled();
  server.gone = true;
  await session.open(3);
  await session.open(2);
  await session.open(1);
  await session.open(2);
  assert.deepEqual([store.state.base.id, store.state.base.revision, store.state.online], [2, 3, false]);
  server.gone = null;
  store.dispatch({ type: 'set', values: { online: true } });
  await settled();
  assert.equal(store.state.base.revision, 8);
});

test('a photo that was deleted elsewhere says so when it is fetched again, once', async (t) => {
  let image = imageOf(1);
  const { session, store } = await sessionWith(t, { image: async () => image });
  image = imageOf(1, { revision: 4, state: 'deleted' });
  await session.refresh();
  assert.match(store.state.message.text, /^This photo was deleted elsewhere/);
  session.say('');
  await session.refresh();
  assert.equal(store.state.message.text, '');
});

test('whoever has a photo open hears that it was sent back, by whom and why', async (t) => {
  let image = imageOf(1, { state: 'done' });
  const { session, store } = await sessionWith(t, { image: async () => image });
  image = imageOf(1, { revision: 4, state: 'sent_back', remark: { user: 'lea', text: 'the wheel is missing' } });
  await session.refresh();
  assert.equal(store.state.message.text, 'lea sent this photo back: “the wheel is missing”');
});

test('what goes on top of a photo that was deleted elsewhere says so', async (t) => {
  let image = imageOf(1);
  const correct = async (_, body) =>
    body.base_revision === image.revision ? answering(10) : { status: 409, body: { error: 'stale', revision: image.revision } };
  const { session, store } = await sessionWith(t, { image: async () => image, correct });
  image = imageOf(1, { revision: 9, state: 'deleted' });
  session.act('draw', { mask: maskOf(0, 4) });
  await settled();
  assert.equal(store.state.message.text, 'This photo was deleted elsewhere; your unsent work goes on top of it.');
});

test('once logged out, this machine keeps no photos; what was not sent stays', async (t) => {
  const database = memoryDatabase();
  const { session, store } = await sessionWith(t, { correct: () => new Promise(() => {}) }, [], 1, Promise.resolve(database));
  await session.lookAhead(2, '/photo/1');
  session.act('draw', { mask: maskOf(0, 4) });
  await settled();
  const rows = (name) => read(database, name, (store) => store.count());
  assert.ok((await rows('shelf')) > 0);
  store.dispatch({ type: 'set', values: { loggedOut: true } });
  await settled();
  assert.deepEqual([await rows('shelf'), await rows('actions')], [0, 1]);
  await session.lookAhead(3, '/photo/3');
  await settled();
  assert.equal(await rows('shelf'), 0);
  store.dispatch({ type: 'set', values: { loggedOut: false } });
  await session.lookAhead(4, '/photo/4');
  await settled();
  assert.equal(await rows('shelf'), 1);
});

test('nonsense in the address is told of, and work goes on where it was', async (t) => {
  const { store } = await sessionWith(t, { firstImage: async () => ({ open_id: 4, first_id: 1 }) }, [], 'seven');
  assert.equal(store.state.image.id, 4);
  assert.match(store.state.message.text, /^There is no photo “seven”/);
});

test('both accepted one proposal: my delete of it, pressed while I learn of theirs too, is not sent but kept and said', async (t) => {
  const proposal = { id: 5, decision: 'undecided', score: 0.9, category_id: 1, counts: '04', area: 4, bbox: [0, 0, 2, 2], class_scores: [] };
  let image = imageOf(1, { proposals: [proposal] });
  const sent = [];
  let meanwhile = () => {};
  const { session, store } = await sessionWith(t, {
    image: async () => (meanwhile(), image),
    correct: async (_, { operation, base_revision: base, segments }) => {
      sent.push([operation, segments]);
      return base === image.revision ? answering(10) : { status: 409, body: { error: 'stale' } };
    },
  });
  const theirs = segment(7, { proposals: [5] });
  image = imageOf(1, { revision: 9, proposals: [{ ...proposal, decision: 'accepted' }], segments: [theirs] });
  const [mine] = session.act('accept', { proposals: [5] });
  meanwhile = () => {
    meanwhile = () => {};
    session.act('delete', { segments: [idOf(mine)] });
  };
  await settled();
  assert.deepEqual(sent.map(([operation]) => operation), ['accept', 'delete']);
  assert.deepEqual(store.state.image.segments.map(({ id }) => id), [7]);
  assert.deepEqual(store.state.unsent.map(({ action, why }) => [action.operation, action.segments, why]), [['delete', [7], THEIRS]]);
  assert.match(store.state.message.text, /one correction no longer fits and is kept under “Not applied”/);
});

test('whoever has a photo open hears who changed or took away a segment that was there, and nothing of their own', async (t) => {
  const step = (user, id) => ({ revision: 4, user, operation: 'delete', segments: [{ id, was: {}, is: null }] });
  let steps = [step('bea', 7)];
  let image = imageOf(1, { segments: [segment(7), segment(8)] });
  const { session, store } = await sessionWith(t, { image: async () => image, history: async () => steps });
  image = imageOf(1, { revision: 4, segments: [segment(8)] });
  await session.refresh();
  assert.equal(store.state.message.text, 'bea changed an unlabelled segment here; it is gone.');
  session.say('');
  [steps, image] = [[step('ann', 8)], imageOf(1, { revision: 5, segments: [] })];
  await session.refresh();
  assert.equal(store.state.message.text, '');
});
