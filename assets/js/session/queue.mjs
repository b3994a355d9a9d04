/**
 * The way of corrections to the server: one at a time, in order, each sent until the server has answered.
 *
 * A correction has its number from the start and keeps it when it is sent again, by whichever tab: the server acts
 * once on a number, so a lost answer costs nothing.
 * @typedef {{status: number, body: any}} Answer
 * @typedef {object} Entry
 * @property {number} imageId
 * @typedef {object} Hooks
 * @property {(entry: Entry) => Promise<Answer>} send rejects with an ApiError when no answer came; an entry that cannot be sent any
 *   more is answered with status 422
 * @property {(entry: Entry, answer: any, waiting: Entry[]) => void} onSaved the server said 200
 * @property {(mine: Entry[]) => Promise<Entry[]>} onStale 409; `mine` are this entry and the waiting ones of its
 *   image, the answer those that go on; rejects when the image as it is now could not be had
 * @property {(mine: Entry[], error: string) => Entry[]} onRefused another final answer, such as 403, 404, 413 or 422, to
 *   the first of `mine`; the answer are those that go on
 * @property {(dropped: Entry[], error: string) => void} onClosed 412: another workspace or person; `dropped` are all
 * @property {(entry: Entry, reason: string) => void} onStuck the server fails on it again and again; it is asked about it
 *   now and then, after what waits for other images
 * @property {(error: unknown, entry: Entry | null) => void} onBroken another hook threw; `entry` is the settled
 *   one, which is not sent again, or null where only the status could not be told
 * @property {(status: {pending: number, reason: string | null}) => void} onStatus
 * @property {(ms: number) => Promise<void>} [wait]
 */
import { createPauses } from './pauses.mjs';

const FIRST_WAIT_MS = 500;
const LONGEST_WAIT_MS = 10_000;
// Failures on one correction before those of other images go first.
const PATIENCE = 3;
// No answer, to log in, later, or a gateway's: they say nothing about what was asked.
const ELSEWHERE = new Set([0, 401, 407, 408, 425, 429, 502, 503, 504]);

/** Whether asking the same again would bring the same answer. @param {number} status */
export function isFinal(status) {
  return status === 200 || (status >= 400 && status < 500 && !ELSEWHERE.has(status));
}

/** @param {Hooks} hooks */
export function createQueue({ send, onSaved, onStale, onRefused, onClosed, onStuck, onBroken, onStatus, wait }) {
  const adopted = new WeakSet();
  let waiting = [];
  let current = null;
  // Images with a correction that the server fails on, the one asked about last behind.
  const stuck = new Set();
  let reason = null;
  const pauses = createPauses(wait);
  const tell = () => guarded(() => onStatus({ pending: waiting.length, reason }));

  function guarded(hook, entry = null) {
    try {
      return hook();
    } catch (error) {
      // In its own task: what onBroken throws must not stop the sending either.
      queueMicrotask(() => onBroken(error, entry));
      return undefined;
    }
  }

  async function sendAll() {
    try {
      while (waiting.length > 0) {
        current = next();
        await untilSettled(current);
        tell();
      }
    } finally {
      current = null;
    }
  }

  const fresh = () => waiting.find(({ imageId }) => !stuck.has(imageId));

  function next() {
    const [longest] = stuck;
    return fresh() ?? waiting.find(({ imageId }) => imageId === longest);
  }

  /** Or until it is known to be stuck and had its turn. */
  async function untilSettled(entry) {
    let failures = 0;
    for (let pause = FIRST_WAIT_MS; ; pause = Math.min(2 * pause, LONGEST_WAIT_MS)) {
      const status = await attempt(entry);
      if (status === SETTLED) return;
      if (!ELSEWHERE.has(status)) failures += 1;
      const isStuck = stuck.has(entry.imageId) || failures === PATIENCE;
      if (isStuck) setAside(entry);
      tell();
      if (!isStuck || !fresh()) await pauses.rest(isStuck ? LONGEST_WAIT_MS : pause);
      if (isStuck) return;
    }
  }

  function setAside(entry) {
    const isNew = !stuck.delete(entry.imageId);
    stuck.add(entry.imageId);
    if (isNew) guarded(() => onStuck(entry, reason));
  }

  /** @returns {Promise<number | symbol | undefined>} SETTLED, or the status of what went wrong */
  async function attempt(entry) {
    try {
      const answer = await send(entry);
      if (!isFinal(answer.status)) {
        reason = reasonOf(answer);
        return answer.status;
      }
      await settle(entry, answer);
      stuck.delete(entry.imageId);
      reason = null;
      return SETTLED;
    } catch (error) {
      reason = error.status === 0 ? NO_CONNECTION : error.message;
      return error.status;
    }
  }

  /** Rejects when it must be sent again. */
  async function settle(entry, answer) {
    const mine = waiting.filter((other) => other.imageId === entry.imageId);
    if (answer.status === 409) {
      replace(mine, await onStale(mine));
    } else if (answer.status === 200) {
      replace([entry], []);
      guarded(() => onSaved(entry, answer.body, waiting), entry);
    } else if (answer.status === 412) {
      const dropped = waiting;
      replace(dropped, []);
      stuck.clear();
      guarded(() => onClosed(dropped, reasonOf(answer)), entry);
    } else {
      const goesOn = guarded(() => onRefused(mine, reasonOf(answer)), entry);
      replace(mine, goesOn ?? mine.slice(1));
    }
  }

  /** What was pushed meanwhile was not judged, and stays. */
  function replace(judged, goesOn) {
    waiting = waiting.filter((entry) => goesOn.includes(entry) || !judged.includes(entry));
  }

  function start() {
    if (current === null && waiting.length > 0) void sendAll();
  }

  return {
    /** @param {Entry} entry */
    push(entry) {
      waiting.push(entry);
      start();
      if (stuck.has(current?.imageId)) pauses.wake();
      tell();
    },
    /** Takes over what another tab left: made before what is here, after what was taken over. @param {Entry[]} entries */
    adopt(entries) {
      const last = waiting.findLastIndex((entry) => entry === current || adopted.has(entry));
      waiting.splice(last + 1, 0, ...entries);
      for (const entry of entries) adopted.add(entry);
      start();
      tell();
    },
    /** Sends at once what waits for the server to come back. */
    wake: pauses.wake,
    /** Corrections that the server has not confirmed, in order. */
    get waiting() {
      return waiting;
    },
  };
}

const SETTLED = Symbol('settled');

export const NO_CONNECTION = 'no connection to the server';

function reasonOf({ status, body }) {
  return body?.error ?? `the server answered ${status}`;
}
