/** The page that was opened without the server, once that answers again: it loads itself anew where that disturbs nobody. */

const LOOK_MS = 2_000;
const ANSWER_WITHIN_MS = 4_000;
// Whoever has pressed nothing for so long is not about to press the next key.
const REST_MS = 4_000;
const EDITED = 'input, select, textarea';
const OPEN_DIALOG = 'dialog[open], [role=dialog]:not([hidden])';

/**
 * @param {import('../truth/state.mjs').State} state
 * @param {boolean} isResting nothing was pressed for a while, nothing is being typed or looked up
 * @returns {'tell' | 'reload'} what is to be done once the server answers
 */
export function onAnswer({ saving, pending, unsent, keeping, tool, awaitingLabel, opening, image, message }, isResting) {
  const isSafe = pending.length === 0 && saving.pending === 0 && (keeping || unsent.length === 0);
  const isIdle = isResting && tool === 'select' && awaitingLabel === null && opening === null && message.kind !== 'wait';
  return isSafe && (isIdle || image === null) ? 'reload' : 'tell';
}

/**
 * @param {object} parts
 * @param {HTMLElement} parts.bar says that the server does not answer
 * @param {() => import('../truth/state.mjs').State} parts.state
 */
export function watchForServer({ bar, state }) {
  let pressedAt = performance.now();
  let answered = false;
  for (const name of ['keydown', 'pointerdown', 'pointerup', 'wheel', 'input']) {
    addEventListener(name, () => (pressedAt = performance.now()), { capture: true, passive: true });
  }

  function isResting() {
    const isEdited = document.activeElement?.matches(EDITED) || document.querySelector(OPEN_DIALOG) !== null;
    return !isEdited && performance.now() - pressedAt > REST_MS;
  }

  async function look() {
    // Not asked for again while the person works on.
    answered = (answered && state().online) || (await answers());
    const next = answered ? onAnswer(state(), isResting()) : 'wait';
    if (next === 'reload') location.reload();
    else setTimeout(look, LOOK_MS);
    say(next === 'wait' ? GONE : BACK);
  }

  function say({ text, link }) {
    const [said, again] = bar.children;
    if (said.textContent === text) return;
    said.textContent = text;
    again.textContent = link;
  }

  setTimeout(look, LOOK_MS);
}

const GONE = { text: 'The server does not answer; here is the Annotate page as this machine keeps it.', link: 'Try again' };
const BACK = { text: 'The server answers again; the page is whole once it is loaded anew.', link: 'Load it now' };

/** Whether the page itself would come; a server that is only starting may answer with a failure. */
async function answers() {
  try {
    const { ok } = await fetch(location.href, { cache: 'no-store', signal: AbortSignal.timeout(ANSWER_WITHIN_MS) });
    return ok;
  } catch {
    return false;
  }
}
