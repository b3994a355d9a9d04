/** Which photo is open: fetching it, taking in what others did to it, and following the model's work on it. */
import { ApiError } from './api.mjs';
import { openImage } from '../truth/items.mjs';
import { nextUndecided } from '../truth/pick.mjs';
import { sleep } from './pauses.mjs';

/** @typedef {import('../truth/items.mjs').OpenImage} OpenImage */

const POLL_MS = 400;

/**
 * @param {object} parts
 * @param {ReturnType<typeof import('./api.mjs').createApi>} parts.api
 * @param {ReturnType<typeof import('../truth/state.mjs').createStore>} parts.store
 * @param {ReturnType<typeof import('./address.mjs').createAddress>} parts.address
 * @param {ReturnType<typeof import('./photos.mjs').createPhotos>} parts.photos
 * @param {ReturnType<typeof import('./shelf.mjs').createShelf>} parts.shelf
 * @param {(text: string, kind?: string) => void} parts.say
 * @param {(online: boolean) => void} parts.reached told whether the server has answered
 */
export function createOpening({ api, store, address, photos, shelf, say, reached }) {
  const revisions = new Map();
  let current = null;
  let fromShelf = false;
  let saidOld = '';
  let shownAt = 0;

  const learnRevision = (id, revision) => revisions.set(id, Math.max(revision, revisions.get(id) ?? 0));
  const isOpen = (id) => store.state.base?.id === id;
  const isOld = ({ id, revision }) => revision < (revisions.get(id) ?? 0);

  async function fetchImage(id) {
    const image = await api.image(id);
    // An answer that overtook this one knows more.
    return isOld(image) ? api.image(id) : image;
  }

  /** The image as it is now, on the page too where it is open. Rejects with ApiError. */
  async function takeIn(id) {
    const image = await (isOpen(id) ? fetchImage(id) : api.imageAhead(id));
    learnRevision(id, image.revision);
    const opened = openImage(image);
    if (isOpen(id)) {
      fromShelf = false;
      const before = store.state.image.state;
      store.dispatch({ type: 'refetched', image: opened });
      if (opened.state !== before) sayNews(opened);
    }
    return opened;
  }

  /** An image that came from the shelf, now that the server answers. */
  async function renew(id) {
    await refetch(id);
    if (!fromShelf && store.state.message.text === saidOld) say('');
  }

  /** What somebody else did to the open photo as a whole. */
  function sayNews({ state, remark }) {
    if (state === 'deleted') say('This photo was deleted elsewhere; undo brings it back.', 'error');
    if (state === 'sent_back' && remark) say(`${remark.user} sent this photo back: “${remark.text}”`);
  }

  /** What other people did to segments of the open photo that were there before. @param {OpenImage} before */
  async function tellOfOthers(before) {
    const { base, categories, workspace, message } = store.state;
    if (base.id !== before.id || base.state !== before.state) return;
    const touched = touchedOf(before, base);
    if (touched.length === 0) return;
    const steps = await api.history(base.id, null).catch(() => []);
    const ids = new Set(touched.map(({ id }) => id));
    const isNews = ({ revision, user, segments }) =>
      revision > before.revision && user !== workspace.user && segments.some(({ id }) => ids.has(id));
    const users = [...new Set(steps.filter(isNews).map(({ user }) => user))];
    if (users.length === 0 || !isOpen(base.id) || store.state.message !== message) return;
    const gone = touched.filter(({ id }) => !base.segments.some((segment) => segment.id === id)).length;
    const named = categories.get(touched[0].category_id)?.name ?? 'an unlabelled segment';
    const what = touched.length === 1 ? named : `${touched.length} segments`;
    const fate = gone === 0 ? '' : touched.length === 1 ? '; it is gone' : `; ${gone} gone`;
    say(`${users.join(' and ')} changed ${what} here${fate}.`);
  }

  async function refetch(id) {
    try {
      await takeIn(id);
    } catch (error) {
      say(`The photo could not be loaded again: ${error.message}`, 'error');
    }
  }

  /** What was fetched ahead, what the server says, or what was kept of it while the server does not answer. */
  async function obtain(id) {
    const ahead = store.state.pending.some((action) => action.imageId === id) ? null : photos.takeAhead(id);
    try {
      const first = await (ahead ?? fetchImage(id));
      const image = isOld(first) ? await fetchImage(id) : first;
      reached(true);
      // Looking ahead does not ask the model; opening does.
      return { image, since: null, isUnasked: ahead !== null && image.proposing.state === 'waiting' };
    } catch (error) {
      reached(error.status !== 0);
      const kept = error.status === 0 ? await shelf.image(id) : null;
      if (kept === null) throw error;
      return { image: kept.value, since: kept.at, isUnasked: false };
    }
  }

  /**
   * Opens a photo; the later of two calls wins. One that is being opened already is waited for.
   * @param {number} id
   * @param {{history?: 'push' | 'replace' | 'none'}} [options]
   * @returns {Promise<void>}
   */
  function open(id, { history = 'push' } = {}) {
    if (current?.id === id) return current.done;
    const mine = { id, done: null };
    current = mine;
    store.dispatch({ type: 'set', values: { opening: id } });
    mine.done = openOther(id, history, () => current === mine).finally(() => {
      if (current === mine) stay();
    });
    return mine.done;
  }

  /** What is being opened is given up; the open photo stays. */
  function stay() {
    current = null;
    store.dispatch({ type: 'set', values: { opening: null } });
  }

  async function openOther(id, history, isCurrent) {
    const askedAt = performance.now();
    try {
      const { image: first, since, isUnasked } = await obtain(id);
      if (!isCurrent()) return;
      const { photo, reason } = await pictureOf(first);
      // A correction of it was answered while its picture came.
      const image = since === null && isOld(first) ? await fetchImage(id) : first;
      if (!isCurrent()) return;
      learnRevision(id, image.revision);
      fromShelf = since !== null;
      address.show(id, history);
      shownAt = performance.now();
      store.dispatch({ type: 'opened', image: openImage(image), photo, askedAt });
      selectFirst();
      saidOld = since === null ? '' : `The server does not answer: this is the photo as it was ${ago(since)}.`;
      if (saidOld) say(saidOld, 'error');
      if (reason) say(`The picture of ${image.file_name} did not come: ${reason}`, 'error');
      if (since === null) void follow(id, isUnasked);
    } catch (error) {
      if (isCurrent()) say(`The photo could not be opened: ${error.message}`, 'error');
      if (!(error instanceof ApiError)) throw error;
    }
  }

  /** Without its picture a photo opens all the same: its neighbours are reached through it. */
  function pictureOf(image) {
    return photos.load(image).then(
      (photo) => ({ photo, reason: null }),
      ({ message }) => ({ photo: null, reason: message }),
    );
  }

  function selectFirst() {
    const first = nextUndecided(store.state, null);
    store.dispatch({ type: 'select', keys: first ? [first.key] : [], offered: true });
  }

  /** Takes in the proposals that the model is still to make of the open photo. */
  async function follow(id, isUnasked) {
    if (isUnasked) await takeProposals(id);
    const isBusy = () => isOpen(id) && ['waiting', 'running'].includes(store.state.proposing?.state);
    if (!isBusy()) return;
    while (isBusy()) {
      await sleep(POLL_MS);
      const proposing = await api.proposing(id).catch(() => null);
      if (proposing && isOpen(id)) store.dispatch({ type: 'proposing', proposing });
    }
    if (isOpen(id)) await takeProposals(id);
  }

  async function takeProposals(id) {
    await refetch(id);
    if (isOpen(id) && store.state.selection.length === 0) selectFirst();
  }

  store.subscribe(({ online, base }, before) => {
    if (online && !before.online && fromShelf) void renew(base.id);
  });

  return {
    open,
    stay,
    takeIn,
    refetch,
    learnRevision,
    /** Takes in what others did to the open image. */
    async refresh() {
      const before = store.state.base;
      if (before === null) return;
      await refetch(before.id);
      await tellOfOthers(before);
    },
    /** The newest revision known of an image; an unknown one is asked for. @returns {Promise<number>} */
    async revisionOf(id) {
      if (!revisions.has(id)) learnRevision(id, (await api.imageAhead(id)).revision);
      return revisions.get(id);
    },
    /** Seconds since the open photo came. */
    shownFor: () => (performance.now() - shownAt) / 1000,
  };
}

/** Segments that are gone, or have another shape or label. @param {OpenImage} before @param {OpenImage} after */
function touchedOf(before, after) {
  return before.segments.filter(({ id, counts, category_id: category }) => {
    const now = after.segments.find((segment) => segment.id === id);
    return now?.counts !== counts || now.category_id !== category;
  });
}

const MINUTE_MS = 60_000;

/** @param {number} at milliseconds since 1970 */
function ago(at) {
  const minutes = Math.round((Date.now() - at) / MINUTE_MS);
  if (minutes < 1) return 'a moment ago';
  if (minutes < 120) return minutes === 1 ? 'a minute ago' : `${minutes} minutes ago`;
  return `on ${new Date(at).toLocaleString()}`;
}
