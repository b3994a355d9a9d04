import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createListing, usableFilter, withImage } from '../../../assets/js/session/listing.mjs';

const IDS = Array.from({ length: 200 }, (_, index) => 3 * index + 1);

/** A list of 200 photos behind the wire's questions; `held` answers wait until they are let go. */
function server() {
  const asked = [];
  const images = (query) => {
    asked.push(query);
    const { around, before, after, limit } = query;
    const at = (id) => IDS.findIndex((one) => one >= id);
    let [from, to] = [0, limit];
    if (around !== undefined) from = Math.max(0, at(around) - limit / 2);
    if (around !== undefined) to = from + limit;
    if (before !== undefined) [from, to] = [Math.max(0, at(before) - limit), at(before)];
    if (after !== undefined) [from, to] = [at(after) + 1, at(after) + 1 + limit];
    const ids = IDS.slice(from, to);
    return Promise.resolve({
      images: ids.map((id) => ({ id, file_name: `${id}.jpg`, state: 'new' })),
      matching: IDS.length,
      total: IDS.length,
      done: 0,
      next_before: from > 0 ? ids[0] : null,
      next_after: to < IDS.length ? ids.at(-1) : null,
    });
  };
  return { images, asked };
}

test('the strip starts around the open photo and grows at both ends without a gap or a repeat', async () => {
  let shown = null;
  const listing = createListing(server(), (next) => (shown = next));
  await listing.around(IDS[100], {});
  assert.ok(listing.holds(IDS[100]));
  for (let turn = 0; turn < 10; turn++) {
    await listing.extend('before', {});
    await listing.extend('after', {});
  }
  assert.deepEqual(
    shown.images.map(({ id }) => id),
    IDS,
  );
  assert.deepEqual(shown.more, { before: false, after: false });
});

test('an end is asked for once while its answer is on the way', async () => {
  const wire = server();
  const listing = createListing(wire, () => {});
  await listing.around(IDS[100], { text: 'a' });
  await Promise.all([listing.extend('after', { text: 'a' }), listing.extend('after', { text: 'a' })]);
  assert.equal(wire.asked.filter(({ after }) => after !== undefined).length, 1);
  assert.ok(wire.asked.every(({ text }) => text === 'a'));
});

test('an answer to an older question does not replace the newer one', async () => {
  const release = [];
  const wire = { images: () => new Promise((resolve) => release.push(resolve)) };
  let shown = null;
  const listing = createListing(wire, (next) => (shown = next));
  const first = listing.around(1, {});
  const second = listing.around(2, {});
  const page = (id) => ({ images: [{ id }], matching: 1, total: 1, done: 0, next_before: null, next_after: null });
  release[1](page(2));
  release[0](page(1));
  await Promise.all([first, second]);
  assert.deepEqual(
    shown.images.map(({ id }) => id),
    [2],
  );
});

const frames = (...states) => states.map((state, index) => ({ id: index + 1, file_name: `${index}.jpg`, state }));
const listed = (...states) => ({ images: frames(...states), matching: states.length, total: 9, done: 4, more: { before: false, after: false } });
const photo = (id, state, ...categories) => ({ id, state, segments: categories.map((category_id) => ({ category_id })) });

test('a photo that passes the filter no more counts no more, and counts again when that is undone', () => {
  const before = listed('new', 'new', 'new');
  const after = withImage(before, photo(2, 'done'), { state: 'new' });
  assert.deepEqual([after.matching, after.total, after.done, after.images[1].state], [2, 9, 5, 'done']);
  const undone = withImage(after, photo(2, 'new'), { state: 'new' });
  assert.deepEqual([undone.matching, undone.total, undone.done, undone.images[1].left], [3, 9, 4, false]);
  assert.equal(withImage(undone, photo(2, 'new', 5), { state: 'new' }), undone);
  assert.equal(withImage(before, photo(77, 'done'), { state: 'new' }), before);
});

test('a deleted photo is no photo of the set, and one without its label leaves the photos with it', () => {
  const deleted = withImage(listed('new', 'done'), photo(2, 'deleted'), {});
  assert.deepEqual([deleted.matching, deleted.total, deleted.done], [1, 8, 3]);
  for (const [filter, stays] of [[{ category_id: 5 }, photo(1, 'new', 4, 5)], [{ category_id: -1 }, photo(1, 'new', null)]]) {
    const before = listed('new');
    assert.equal(withImage(before, stays, filter), before);
    assert.equal(withImage(before, photo(1, 'new', 4), filter).matching, 0);
  }
});

test('a photo that left the filter keeps its frame while it is open', async () => {
  let shown = null;
  const listing = createListing(server(), (next) => (shown = next));
  await listing.around(IDS[0], { state: 'new' });
  listing.note(photo(IDS[0], 'done'), { state: 'new' });
  listing.tidy(IDS[0]);
  assert.ok(listing.holds(IDS[0]));
  await listing.extend('after', { state: 'new' });
  listing.tidy(IDS[1]);
  assert.deepEqual([listing.holds(IDS[0]), shown.images[0].id, shown.matching], [false, IDS[1], IDS.length - 1]);
});

test('of a kept filter counts what can be asked today', () => {
  const categories = new Map([[5, {}]]);
  const whole = { state: 'in_work', category_id: 5, text: 'a', order: 'name' };
  assert.deepEqual(usableFilter(whole, categories), whole);
  assert.deepEqual(usableFilter({ category_id: -1 }, categories), { category_id: -1 });
  const odd = [undefined, null, 7, 'x', { state: 'gone', category_id: 6, text: 'a'.repeat(201), order: 'size', tag: 3 }, { text: 5, state: ['new'] }];
  for (const kept of odd) assert.deepEqual(usableFilter(kept, categories), {}, JSON.stringify(kept));
});
