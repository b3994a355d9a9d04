/** Corrections from the moment they are made until the server has answered, kept in this browser meanwhile. */
import { actionOf, bodyOf, makes } from './actions.mjs';
import { expectation, misfit } from '../truth/expectation.mjs';
import { DEPENDENT, isFromLog, sift, withNames } from '../truth/standing.mjs';
import { namedBy } from '../truth/corrections.mjs';
import { createQueue, isFinal, NO_CONNECTION } from './queue.mjs';

/**
 * @typedef {import('./keeper.mjs').Entry} Entry
 * @param {object} parts
 * @param {ReturnType<typeof import('./api.mjs').createApi>} parts.api
 * @param {ReturnType<typeof import('../truth/state.mjs').createStore>} parts.store
 * @param {string} parts.client the name of this tab
 * @param {ReturnType<typeof import('./keeper.mjs').createKeeper>} parts.keeper
 * @param {ReturnType<typeof import('./unsent.mjs').createUnsent>} parts.unsent
 * @param {ReturnType<typeof import('./opening.mjs').createOpening>} parts.opening
 * @param {(text: string, kind?: string) => void} parts.say
 */
export function createSending({ api, store, client, keeper, unsent, opening, say }) {
  let lastSeq = 0;
  // Not counted from 1: another tab may take over what this one made.
  let provisional = -1 - (crypto.getRandomValues(new Uint32Array(1))[0] >>> 2);
  const kept = new WeakSet();
  // Our ids for segments that somebody else has made of the same proposals.
  const theirs = new Set();
  // What another workspace or person must not have, until the server is ours again.
  let closed = [];

  const queue = createQueue({ send, onSaved, onStale, onRefused, onClosed, onStuck, onBroken, onStatus });

  async function send(entry) {
    if (entry.base === null) {
      try {
        entry.base = await opening.revisionOf(entry.imageId);
      } catch (error) {
        if (error.status > 0) return { status: error.status, body: { error: error.message } };
        throw error;
      }
    }
    const { segments } = withNames(entry.action, store.state.names);
    if (segments.some((id) => id < 0)) return { status: 422, body: { error: DEPENDENT } };
    return api.correct(entry.imageId, bodyOf(entry, segments));
  }

  function onSaved(entry, answer, waiting) {
    const { action, imageId, base } = entry;
    opening.learnRevision(imageId, answer.revision);
    const named = namedBy(withNames(action, store.state.names), answer);
    if (entry.client === client) performance.measure('mw-saved', { start: action.at });
    store.dispatch({ type: 'saved', action, answer, named, follows: base });
    // What is shown is another revision than the answer goes on from.
    if (store.state.base?.id === imageId && store.state.base.revision < answer.revision) void opening.refetch(imageId);
    const chained = waiting.filter((other) => other.imageId === imageId && other.base === base);
    for (const other of chained) other.base = answer.revision;
    // One is enough: those behind it are found to be chained to it, see `chain`.
    const changed = new Set(chained.slice(0, 1));
    for (const other of [...waiting, ...store.state.unsent]) {
      if (other.action.segments.some((id) => named.has(id))) changed.add(other);
    }
    void keeper.settle([entry], [...changed].map(withStoredNames));
    reopen();
  }

  /** As it can be read without this tab's names. */
  function withStoredNames(entry) {
    return { ...entry, action: withNames(entry.action, store.state.names) };
  }

  /** The image was changed elsewhere: what still fits goes on top of it, the rest is kept to be looked at. */
  async function onStale(mine) {
    const { imageId, action } = mine[0];
    let image;
    try {
      image = await opening.takeIn(imageId);
    } catch (error) {
      // The queue asks again where an answer may come yet.
      if (!isFinal(error.status)) throw error;
      return onRefused(mine, error.message);
    }
    const goesOn = part(mine, image, misfit);
    for (const entry of goesOn) entry.base = image.revision;
    const lost = store.state.unsent.filter((entry) => mine.some((other) => sameEntry(entry, other))).length;
    const photo = imageId === store.state.base?.id ? 'This photo' : action.fileName;
    const fate = lost === 1 ? 'no longer fits and is' : 'no longer fit and are';
    const happened = `${photo} was ${image.state === 'deleted' ? 'deleted' : 'changed'} elsewhere`;
    if (lost > 0) say(`${happened}; ${count(lost)} ${fate} kept under “Not applied”.`, 'error');
    else say(`${happened}; your unsent work goes on top of it.`);
    return goesOn;
  }

  function onRefused(mine, error) {
    const [first] = mine;
    const { action } = first;
    // An undo or redo that is refused says all there is to say.
    const goesOn = part(mine, null, (_, other) => (other.entry === first ? (isFromLog(action) ? '' : error) : null), first);
    if (error !== DEPENDENT) say(`Not done on ${action.fileName} (${action.operation}): ${error}`, 'error');
    return goesOn;
  }

  /** Parts the entries of an image into those that go on, which are the answer, and those that do not. */
  function part(mine, image, judge, gone = null) {
    const actions = mine.map((entry) => ({ ...entry.action, entry }));
    const { kept: fit, refused, named } = sift(image, actions, judge, store.state.names, theirs);
    const goesOn = fit.map(({ entry }) => entry).filter((entry) => entry !== gone);
    const dropped = mine.filter((entry) => !goesOn.includes(entry));
    store.dispatch({ type: 'dropped', actions: dropped.map(({ action }) => action), named });
    const unapplied = refused.map(({ action, why }) => ({ ...withStoredNames(action.entry), why }));
    const changed = goesOn.filter(({ action }) => action.segments.some((id) => named.has(id)));
    unsent.add(unapplied);
    void keeper.settle(dropped, [...unapplied, ...changed.map(withStoredNames)]);
    return goesOn;
  }

  function onClosed(dropped, error) {
    store.dispatch({ type: 'dropped', actions: dropped.map(({ action }) => action) });
    const safe = dropped.every((entry) => kept.has(entry));
    if (safe) closed.push(...dropped);
    else unsent.add(dropped.map((entry) => ({ ...entry, why: error })));
    say(safe ? `${error}. Kept on this machine: ${count(dropped.length)}.` : error, 'error');
  }

  /** The workspace and the person are those again that the page was opened with. */
  function reopen() {
    const entries = closed;
    closed = [];
    adopt(entries);
  }

  function onStuck({ action }, reason) {
    say(`${action.fileName} could not be saved: ${reason}. It is tried again; other photos go on.`, 'error');
  }

  function onBroken(error, entry) {
    const id = entry?.imageId ?? store.state.base?.id;
    if (id !== undefined) void opening.refetch(id);
    if (entry) {
      store.dispatch({ type: 'dropped', actions: [entry.action] });
      void keeper.settle([entry]);
    }
    say(`The page failed on the server's answer: ${error?.message ?? error}. The photo is loaded again.`, 'error');
  }

  function onStatus({ pending, reason }) {
    const { saving, online } = store.state;
    const status = { pending, reason, kept: reason === null ? 0 : queue.waiting.filter((entry) => kept.has(entry)).length };
    if (Object.entries(status).some(([name, value]) => saving[name] !== value)) store.dispatch({ type: 'saving', status });
    const reached = reason !== NO_CONNECTION;
    if (reached !== online) store.dispatch({ type: 'set', values: { online: reached } });
  }

  async function keep(entry) {
    if (!(await keeper.keep(entry))) return;
    kept.add(entry);
    if (store.state.saving.reason !== null) onStatus({ pending: queue.waiting.length, reason: store.state.saving.reason });
  }

  /**
   * Makes an action of a wish and sends it. `base` is the revision that the person saw, null when none was seen.
   * @param {object} wished as `actionOf` gives it
   */
  function commit(wished, { imageId, fileName, base, expected, created, shownS }) {
    const { workspace, threshold } = store.state;
    const at = performance.now();
    const action = { ...wished, created, imageId, fileName, threshold, shownS, expected, at };
    const made = { workspace: workspace.id, user: workspace.user, madeAt: Date.now() };
    const entry = { client, seq: ++lastSeq, ...made, imageId, base, action, why: null };
    // Under way before the page is drawn anew.
    queue.push(entry);
    store.dispatch({ type: 'acted', action });
    void keep(entry);
  }

  /**
   * Corrects an image, the open one unless `image` names another; answers with the keys of the segments it will make.
   * @param {string} operation
   * @param {import('./actions.mjs').Wish & {image?: {id: number, file_name: string}}} wish
   */
  function act(operation, { image = store.state.image, ...wish } = {}) {
    const wished = actionOf(operation, wish);
    const isOpen = image.id === store.state.base?.id;
    const created = fresh(makes(operation, wish));
    commit(wished, {
      imageId: image.id,
      fileName: image.file_name,
      base: isOpen ? store.state.base.revision : null,
      expected: isOpen ? expectation(store.state.image, wished) : null,
      created,
      shownS: opening.shownFor(),
    });
    return created.map((id) => `s${id}`);
  }

  function fresh(number) {
    return Array.from({ length: number }, () => --provisional);
  }

  /** Takes over what a tab that lives no more has left. @param {Entry[]} entries in order */
  function adopt(entries) {
    if (entries.length === 0) return;
    chain(entries);
    for (const entry of entries) kept.add(entry);
    store.dispatch({ type: 'adopted', actions: entries.map(({ action }) => action) });
    queue.adopt(entries);
  }

  return {
    act,
    commit,
    fresh,
    adopt,
    reopen,
    wake: queue.wake,
    /** Whether corrections are kept back because the server was another workspace's or person's. */
    get isClosed() {
      return closed.length > 0;
    },
    /** Corrections that would be lost with this tab: neither confirmed nor kept. */
    get unsaved() {
      return queue.waiting.filter((entry) => !kept.has(entry)).length;
    },
  };
}

/** A correction made behind another of its image was made on what that one makes. */
function chain(entries) {
  const bases = new Map();
  for (const entry of entries) {
    const before = bases.get(entry.imageId);
    if (entry.base !== null && before > entry.base) entry.base = before;
    bases.set(entry.imageId, entry.base);
  }
}

const sameEntry = (a, b) => a.client === b.client && a.seq === b.seq;

function count(number) {
  return number === 1 ? 'one correction' : `${number} corrections`;
}
