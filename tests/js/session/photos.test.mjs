import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createPhotos, edgeFor } from '../../../assets/js/session/photos.mjs';

const LARGE = { width: 6000, height: 4000 };
const imageOf = (id, size = LARGE) => {
  const urls = { photo_url: `/photo/${id}?v=1`, preview_url: `/preview/${id}?v=1` };
  return { id, ...size, ...urls, segments: [], proposals: [] };
};

/** Photos over a server where the addresses in `broken` do not come; `open` does what the page does. */
function photosWith(t, { broken = [], size = LARGE } = {}) {
  t.mock.timers.enable({ apis: ['setTimeout'] });
  const live = new Set();
  const [fetched, aborted] = [[], []];
  let held = Promise.resolve();
  const decode = async (url, signal) => {
    fetched.push(url);
    const stopped = new Promise((_, reject) => (signal.onabort = () => (aborted.push(url), reject(signal.reason))));
    await Promise.race([held, stopped]);
    if (broken.some((part) => url.includes(part))) throw new Error('404');
    const width = url.includes('/preview/') ? Number(new URL(url, 'http://x').searchParams.get('edge')) : size.width;
    const bitmap = { url, width, close: () => live.delete(url) };
    live.add(url);
    return bitmap;
  };
  const store = {
    state: { image: null, photo: null },
    dispatch: ({ values }) => Object.assign(store.state, values),
  };
  const api = { imageAhead: async (id) => imageOf(id, size), whyNot: async () => 'the file is gone' };
  const photos = createPhotos(api, store, { decode, screen: () => ({ width: 1280, height: 720 }) });
  async function open(id, nextId = null) {
    const image = imageOf(id, size);
    Object.assign(store.state, { image, photo: await photos.load(image) });
    const looking = photos.lookAhead(nextId, image.photo_url);
    await pass(0);
    await looking;
  }
  async function pass(ms) {
    for (let i = 0; i < 10; i++) await Promise.resolve();
    t.mock.timers.tick(ms);
    for (let i = 0; i < 10; i++) await Promise.resolve();
  }
  /** Nothing comes until the answer is called. */
  function hold() {
    let goOn;
    held = new Promise((resolve) => (goOn = resolve));
    return goOn;
  }
  return { photos, store, live, fetched, aborted, hold, open, pass };
}

test('the preview is the smallest that fills the screen; a small photo needs none', () => {
  const screen = { width: 1920, height: 1080 };
  assert.equal(edgeFor(LARGE, screen), 1920);
  assert.equal(edgeFor(LARGE, { width: 2560, height: 1440 }), 2560);
  assert.equal(edgeFor(LARGE, { width: 1280, height: 720 }), 1280);
  assert.equal(edgeFor(LARGE, { width: 3840, height: 2160 }), 2560);
  assert.equal(edgeFor({ width: 1500, height: 1000 }, { width: 1280, height: 720 }), 1280);
  assert.equal(edgeFor({ width: 1500, height: 1000 }, screen), null);
  assert.equal(edgeFor({ width: 640, height: 480 }, screen), null);
  assert.equal(edgeFor({ width: 300, height: 9000 }, screen), 1280);
});

test('the open photo comes small, and whole once it is looked at closely, fetched once', async (t) => {
  const { photos, store, live, fetched, open, pass } = photosWith(t);
  await open(1);
  await pass(5000);
  assert.deepEqual(store.state.photo.levels.map(({ scale }) => scale), [1280 / 6000]);
  for (let frame = 0; frame < 3; frame++) void photos.sharpen();
  await pass(500);
  assert.deepEqual(store.state.photo.levels.map(({ scale }) => scale), [1280 / 6000, 1]);
  void photos.sharpen();
  await pass(500);
  assert.equal(live.size, 2);
  assert.equal(fetched.filter((url) => url === '/photo/1?v=1').length, 1);
});

test('of photos gone through, the one before and the next are kept small, all others closed', async (t) => {
  const { photos, live, open, pass } = photosWith(t);
  for (let id = 1; id <= 30; id++) {
    await open(id, id + 1);
    void photos.sharpen();
    await pass(500);
  }
  assert.deepEqual([...live].sort(), [
    '/photo/30?v=1',
    ...[29, 30, 31].map((id) => `/preview/${id}?v=1&edge=1280`),
  ]);
});

test('of a photo that is left soon all pixels are not even asked for', async (t) => {
  const { photos, fetched, open, pass } = photosWith(t);
  await open(1);
  void photos.sharpen();
  await open(2);
  await pass(500);
  assert.ok(!fetched.includes('/photo/1?v=1'));
});

test('a photo that is left before all its pixels came does not get them, and they are closed', async (t) => {
  const { photos, store, live, open, pass } = photosWith(t);
  await open(1);
  void photos.sharpen();
  const whole = pass(500);
  store.state.photo = null;
  await whole;
  assert.deepEqual([...live], ['/preview/1?v=1&edge=1280']);
});

test('a photo that is given up before it came is no longer fetched, and comes when it is asked for again', async (t) => {
  const { photos, live, aborted, hold } = photosWith(t);
  const goOn = hold();
  const first = photos.load(imageOf(1));
  const second = photos.load(imageOf(2));
  const again = photos.load(imageOf(1));
  await assert.rejects(first, { name: 'AbortError' });
  await assert.rejects(second, { name: 'AbortError' });
  goOn();
  assert.equal((await again).levels.length, 1);
  assert.deepEqual(aborted, ['/preview/1?v=1&edge=1280', '/preview/2?v=1&edge=1280']);
  assert.deepEqual([...live], ['/preview/1?v=1&edge=1280']);
});

test('a photo on its way is not closed by the painting of the one before', async (t) => {
  const { photos, live, open } = photosWith(t);
  await open(1, 2);
  await photos.load(imageOf(7));
  await photos.lookAhead(2, imageOf(1).photo_url);
  assert.ok(live.has('/preview/7?v=1&edge=1280'));
});

test('without its preview a photo comes whole, and without both the reason is told', async (t) => {
  const { photos } = photosWith(t, { broken: ['/preview/', '/photo/2'] });
  const { levels } = await photos.load(imageOf(1));
  assert.deepEqual(levels.map(({ scale }) => scale), [1]);
  await assert.rejects(photos.load(imageOf(2)), { message: 'the file is gone' });
});

test('what was fetched ahead is taken once', async (t) => {
  const { photos, open } = photosWith(t);
  await open(1, 2);
  assert.equal((await photos.takeAhead(2)).id, 2);
  assert.equal(photos.takeAhead(2), null);
});
