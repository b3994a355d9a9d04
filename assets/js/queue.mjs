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
 * @property {(action: object, error: string) => void} onRefused 422
 * @property {(status: {pending: number, reason: string | null}) => void} onStatus
 * @property {(ms: number) => Promise<void>} [wait]
 */

const FIRST_WAIT_MS = 500;
const LONGEST_WAIT_MS = 10_000;

/** @param {Hooks} hooks */
export function createQueue({ send, onSaved, onStale, onRefused, onStatus, wait = sleep }) {
  let waiting = [];
  let sending = false;
  let lastSeq = 0;
  let reason = null;
  const tell = () => onStatus({ pending: waiting.length, reason });

  async function sendAll() {
    sending = true;
    while (waiting.length > 0) {
      const action = waiting[0];
      const answer = await sendUntilAnswered(action, ++lastSeq);
      reason = null;
      settle(action, answer);
      tell();
    }
    sending = false;
  }

  async function sendUntilAnswered(action, seq) {
    for (let pause = FIRST_WAIT_MS; ; pause = Math.min(2 * pause, LONGEST_WAIT_MS)) {
      try {
        const answer = await send(action, seq);
        if ([200, 409, 422].includes(answer.status)) return answer;
        reason = answer.body?.error ?? `the server answered ${answer.status}`;
      } catch {
        reason = 'no connection to the server';
      }
      tell();
      await wait(pause);
    }
  }

  function settle(action, { status, body }) {
    if (status === 409) {
      const dropped = waiting.filter((other) => other.imageId === action.imageId);
      waiting = waiting.filter((other) => other.imageId !== action.imageId);
      onStale(action, dropped, body);
      return;
    }
    waiting.shift();
    if (status === 200) onSaved(action, body);
    else onRefused(action, body?.error ?? 'the server refused it without a reason');
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

function sleep(ms) {
  return new Promise((resolve) => setTimeout(resolve, ms));
}
