import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createSession } from '../../assets/js/session.mjs';
import { createStore } from '../../assets/js/state.mjs';

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
const saved = { revision: 4, segments: [], removed: [], decisions: {}, done: true, can_undo: true, can_redo: false };

/** A session over a server made of `api`'s functions; the pictures in `broken` do not come; the address names `wanted`. */
async function sessionWith(t, api = {}, broken = [], wanted = 1) {
  const asked = [];
  const sent = [];
  globalThis.Image = class {
    decode = async () => {
      if (broken.includes(this.src)) throw new Error('EncodingError');
    };
  };
  t.after(() => delete globalThis.Image);
  const store = createStore();
  const session = createSession({
    store,
    address: { imageId: () => wanted, show: () => {}, onBack: () => {} },
    api: {
      workspace: async () => ({ id: 'uuid-a', categories: [], default_threshold: 0.5 }),
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

test('a correction names the workspace it was made in', async (t) => {
  const { session, sent, store } = await sessionWith(t);
  session.act('done');
  await settled();
  assert.deepEqual([sent[0].workspace, sent[0].base_revision], ['uuid-a', 3]);
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
  assert.deepEqual(store.state.saving, { pending: 0, reason: null, saved: false });
});

test('after a stale answer only the image fetched again teaches its revision', async (t) => {
  const revisions = [];
  let loseRefetch = false;
  const { session } = await sessionWith(t, {
    image: async (id) => {
      if (loseRefetch) throw new Error('no connection to the server');
      return imageOf(id, { revision: revisions.length > 1 ? 9 : 3 });
    },
    correct: async (_, body) => {
      revisions.push(body.base_revision);
      loseRefetch = revisions.length === 1;
      return { status: 409, body: { error: 'stale', revision: 9 } };
    },
  });
  for (let i = 0; i < 3; i++) {
    session.act('done');
    await settled();
  }
  assert.deepEqual(revisions, [3, 3, 9]);
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
  assert.equal(store.state.photo.src, '/photo/2');
  assert.equal(store.state.message.text, '');
  await session.open(3);
  assert.deepEqual([store.state.image.next_id, store.state.photo], [4, null]);
  assert.deepEqual(store.state.message, error('3.jpg'));
});

test('what was fetched ahead is used once the model is ready with it; else opening asks again', async (t) => {
  const waiting = { proposing: { state: 'waiting', message: '' } };
  const aheads = [{}, waiting];
  const { session, asked } = await sessionWith(t, { imageAhead: async (id) => imageOf(id, aheads.shift()) });
  await session.lookAhead(2, '/photo/1');
  await session.open(2);
  await session.lookAhead(3, '/photo/2');
  await session.open(3);
  assert.deepEqual(asked, [1, 3]);
});
