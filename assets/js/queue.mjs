/**
 * The way of corrections to the server: one at a time, in order, each sent until the server has answered.
 *
 * A correction gets its number when it is first sent and keeps it when it is sent again: the server acts once on a
 * number, so a lost answer costs nothing.
 * @typedef {{status: number, body: any}} Answer
 * @typedef {object} Hooks
 * @property {(action: object, seq: number) => Promise<Answer>} send rejects when no answer came; an action that
 *   cannot be sent any more is answered with status 422
 * @property {(action: object, answer: any) => void} onSaved the server said 200
 * @property {(action: object, dropped: object[], answer: any) => void} onStale 409; `dropped` are this action and
 *   the waiting ones of its image, which were made on a state that was not there
 * @property {(action: object, error: string) => void} onRefused 403, 404, 413 or 422; only this action is dropped
 * @property {(dropped: object[], error: string) => void} onClosed 412: another workspace is served; `dropped` are all
 * @property {(error: unknown, action: object | null) => void} onBroken another hook threw; `action` is the settled
 *   one, which is not sent again, or null where only the status could not be told
 * @property {(status: {pending: number, reason: string | null}) => void} onStatus
 * @property {(ms: number) => Promise<void>} [wait]
 */

const FIRST_WAIT_MS = 500;
const LONGEST_WAIT_MS = 10_000;
const FINAL = new Set([200, 403, 404, 409, 412, 413, 422]);

/** @param {Hooks} hooks */
export function createQueue({ send, onSaved, onStale, onRefused, onClosed, onBroken, onStatus, wait = sleep }) {
  let waiting = [];
  let sending = false;
  let lastSeq = 0;
  let reason = null;
  const tell = () => guarded(() => onStatus({ pending: waiting.length, reason }));

  function guarded(hook, action = null) {
    try {
      hook();
    } catch (error) {
      // In its own task: what onBroken throws must not stop the sending either.
      queueMicrotask(() => onBroken(error, action));
    }
  }

  async function sendAll() {
    sending = true;
    try {
      while (waiting.length > 0) {
        const action = waiting[0];
        const answer = await sendUntilAnswered(action, ++lastSeq);
        reason = null;
        settle(action, answer);
        tell();
      }
    } finally {
      sending = false;
    }
  }

  async function sendUntilAnswered(action, seq) {
    for (let pause = FIRST_WAIT_MS; ; pause = Math.min(2 * pause, LONGEST_WAIT_MS)) {
      try {
        const answer = await send(action, seq);
        if (FINAL.has(answer.status)) return answer;
        reason = reasonOf(answer);
      } catch {
        reason = 'no connection to the server';
      }
      tell();
      await wait(pause);
    }
  }

  function settle(action, answer) {
    const goes = DROPS[answer.status] ?? ((other) => other === action);
    const dropped = waiting.filter((other) => goes(other, action));
    waiting = waiting.filter((other) => !goes(other, action));
    guarded(() => {
      if (answer.status === 200) onSaved(action, answer.body);
      else if (answer.status === 409) onStale(action, dropped, answer.body);
      else if (answer.status === 412) onClosed(dropped, reasonOf(answer));
      else onRefused(action, reasonOf(answer));
    }, action);
  }

  return {
    /** @param {{imageId: number}} action */
    push(action) {
      waiting.push(action);
      tell();
      if (!sending) void sendAll();
    },
    /** Corrections that the server has not confirmed. */
    get pending() {
      return waiting.length;
    },
  };
}

/** Which waiting actions an answer other than to the action alone takes along. */
const DROPS = {
  409: (other, action) => other.imageId === action.imageId,
  412: () => true,
};

function reasonOf({ status, body }) {
  return body?.error ?? `the server answered ${status}`;
}

function sleep(ms) {
  return new Promise((resolve) => setTimeout(resolve, ms));
}
