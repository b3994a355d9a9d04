/**
 * The way of steps to the server: shown at once, sent one at a time in order, each made of the newest label set when
 * its turn comes, and kept until the server has answered.
 */
import { capital } from '../page/dom.mjs';
import { createPauses } from '../session/pauses.mjs';
import { isFinal } from '../session/queue.mjs';
import { applied, bodyOf, cameThrough, described, hasItsLabels, stillFits } from './steps.mjs';

const FIRST_WAIT_MS = 1000;
const LONGEST_WAIT_MS = 10_000;
const STALE = 409;
const OVERTAKEN = 'somebody else changed the labels meanwhile; look, then do it again';
const GONE = 'the label is no longer there';
// What comes of them is the server's to say: a colour, the segments, all that comes back.
const SERVER_S = new Set(['add', 'merge', 'undo']);

/**
 * @typedef {import('./steps.mjs').Step} Step
 * @typedef {object} Entry
 * @property {Step} step
 * @property {string | undefined} workspace whose label set was meant
 * @property {(isSaved: boolean) => void} settled
 * @property {Parameters<typeof cameThrough>[0]} [sent] what went out and was not answered
 */

/**
 * @param {object} parts
 * @param {ReturnType<typeof import('./api.mjs').createLabelSetApi>} parts.api
 * @param {() => void} parts.changed what is shown is another
 * @param {(text: string, kind?: string) => void} parts.say
 * @param {(ms: number) => Promise<void>} [parts.wait]
 */
export function createChanging({ api, changed, say, wait }) {
  const pauses = createPauses(wait);
  let labelSet = /** @type {import('./api.mjs').LabelSet | null} */ (null);
  let pending = /** @type {Entry[]} */ ([]);
  let sending = /** @type {Entry | null} */ (null);
  let isRunning = false;
  let looking = Promise.resolve();
  // What is known here is not what the server has.
  let isBehind = true;
  let reason = /** @type {string | null} */ (null);
  let lastAdded = 0;

  const shown = () => pending.reduce((categories, { step }) => applied(categories, step), labelSet?.categories ?? []);
  const inWords = ({ step }) => capital(described(step, shown()));

  async function load() {
    const loaded = await api.read();
    const known = labelSet;
    labelSet = loaded;
    isBehind = false;
    if (known && pending.length > 0) reconcile(known, loaded);
  }

  /** What does not fit to what somebody else did is said, and goes. */
  function reconcile({ revision, categories }, loaded) {
    const [head] = pending;
    if (head.sent && loaded.revision !== revision && cameThrough(head.sent, loaded)) {
      [revision, categories] = [revision + 1, applied(categories, head.step)];
      say(`${inWords(head)} is saved.`);
      settle(head, true);
    }
    if (loaded.revision === revision) return;
    for (const entry of pending) if (!stillFits(entry.step, categories, loaded.categories)) refuse(entry, OVERTAKEN);
  }

  function settle(entry, isSaved) {
    pending = pending.filter((other) => other !== entry);
    entry.settled(isSaved);
  }

  function refuse(entry, why) {
    const at = pending.indexOf(entry);
    if (at === -1) return;
    const isUndo = entry.step.kind === 'undo';
    say(isUndo ? `Not undone: ${why}` : `${inWords(entry)} is not saved: ${why}`, 'error');
    settle(entry, false);
    // The undo of what was not saved would take back what is older; so would those behind an undo that failed.
    const others = pending.slice(at);
    const end = others.findIndex(({ step }) => step.kind !== 'undo');
    const undos = others.slice(0, end === -1 ? others.length : end);
    for (const undo of undos.slice(0, isUndo ? undos.length : 1)) settle(undo, false);
  }

  async function sendAll() {
    isRunning = true;
    let pause = FIRST_WAIT_MS;
    while (pending.length > 0) {
      reason = await attempt();
      if (pending.length === 0) await load().catch(() => (isBehind = true));
      changed();
      if (reason === null) pause = FIRST_WAIT_MS;
      else pause = await rested(pause);
    }
    isRunning = false;
  }

  /** @returns {Promise<number>} how long to wait the next time */
  async function rested(pause) {
    await pauses.rest(pause);
    return Math.min(2 * pause, LONGEST_WAIT_MS);
  }

  /** @returns {Promise<string | null>} why it must be tried again, or null */
  async function attempt() {
    try {
      await looking;
      if (isBehind) await load();
    } catch (error) {
      return error.message;
    }
    if (pending.length === 0) return null;
    [sending] = pending;
    try {
      return await sent(sending);
    } finally {
      sending = null;
    }
  }

  async function sent(entry) {
    const { step, workspace = labelSet.workspace } = entry;
    if (!hasItsLabels(step, labelSet.categories)) {
      refuse(entry, GONE);
      return null;
    }
    const body = bodyOf(step, labelSet.categories);
    if (body === null) {
      settle(entry, true);
      return null;
    }
    try {
      take(entry, await api.change({ workspace, base: labelSet.revision, ...body }));
      return null;
    } catch (error) {
      return failed(entry, body, error);
    }
  }

  function take(entry, { revision, id, told }) {
    const { step } = entry;
    const made = step.kind === 'add' ? { ...step, id } : step;
    const undoable = { ...labelSet.undoable, id: revision, told };
    labelSet = { ...labelSet, revision, categories: applied(labelSet.categories, made), undoable };
    isBehind = SERVER_S.has(step.kind);
    say(told);
    settle(entry, true);
  }

  function failed(entry, body, error) {
    if (error.status === 0) entry.sent = { body, undoing: labelSet.undoable?.id };
    if (error.status === 0 || error.status === STALE) isBehind = true;
    else if (isFinal(error.status)) refuse(entry, error.message);
    return error.status === STALE || isFinal(error.status) ? null : error.message;
  }

  /** @param {Step} step an `add` without its id @returns {Promise<boolean>} whether it was saved, once that is known */
  function push(step) {
    return new Promise((settled) => {
      const named = step.kind === 'add' ? { ...step, id: --lastAdded } : step;
      pending.push({ step: named, workspace: labelSet?.workspace, settled });
      if (!isRunning) void sendAll();
      pauses.wake();
      changed();
    });
  }

  /** Takes the newest change back; one that was not sent yet is given up. */
  function undo() {
    const last = pending.at(-1);
    if (last && last !== sending && !last.sent && last.step.kind !== 'undo') {
      say(`${inWords(last)} is given up.`);
      settle(last, false);
      changed();
    } else if (last || labelSet?.undoable) {
      void push({ kind: 'undo' });
    } else {
      say('Nothing is left to undo.');
    }
  }

  /** Sees what others did, or tries at once what is not saved. Rejects when the labels could not be read. */
  async function look() {
    if (isRunning) return pauses.wake();
    const reading = load();
    looking = reading.catch(() => {});
    await reading;
    changed();
  }

  return {
    push,
    undo,
    look,
    /** The label set with all that was asked for; null before it was read. */
    get labelSet() {
      return labelSet && { ...labelSet, categories: shown() };
    },
    /** Ids of the labels with a change that is not saved. */
    get unsaved() {
      return new Set(pending.map(({ step }) => step.id));
    },
    /** Ids of those that cannot be changed yet, since they have none of their own. */
    get closed() {
      return new Set(pending.filter(({ step }) => step.kind === 'add').map(({ step }) => step.id));
    },
    get waiting() {
      return pending.length;
    },
    /** Why what waits is not saved; null while all goes well. */
    get trouble() {
      if (reason === null || pending.length === 0) return null;
      const { length, 0: first } = pending;
      if (length > 1) return `${length} changes are not saved: ${reason}. They are kept here and tried again.`;
      return `${inWords(first)} is not saved: ${reason}. It is kept here and tried again.`;
    },
  };
}
