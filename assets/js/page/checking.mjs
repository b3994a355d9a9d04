/** Keeps the check up to date while nobody waits for it. */
import { look } from '../truth/lint.mjs';
import { bareMask, bareRegions, voidShare } from '../truth/voids.mjs';

/**
 * @typedef {object} Findings
 * @property {import('../truth/items.mjs').OpenImage} image what they are about
 * @property {{pixels: number, share: number}} unlabelled
 * @property {import('../truth/lint.mjs').Problem[]} problems
 */

// Where a browser does not tell its idle moments.
const SLICE_MS = 8;
// In a page that is always busy the findings still come, this late.
const LATEST_MS = 500;

/**
 * Sets the state's `findings` a moment after each change of the image or the label set.
 * @param {ReturnType<typeof import('../truth/state.mjs').createStore>} store
 */
export function keepChecking(store) {
  let steps = null;

  store.subscribe((state, before) => {
    if (state.image === before.image && state.categories === before.categories) return;
    const idle = steps === null;
    steps = state.image ? findings(state) : null;
    if (idle && steps) soon();
  });

  function soon() {
    if (window.requestIdleCallback) window.requestIdleCallback(work, { timeout: LATEST_MS });
    else setTimeout(() => work(lasting(SLICE_MS)), SLICE_MS);
  }

  function work(deadline) {
    do {
      if (!steps) return;
      const { done, value } = steps.next();
      if (done) {
        steps = null;
        store.dispatch({ type: 'set', values: { findings: value } });
        return;
      }
    } while (deadline.timeRemaining() > 1);
    soon();
  }
}

/** @param {import('../truth/state.mjs').State} state @returns {Generator<void, Findings>} */
function* findings(state) {
  // In steps, as each of them takes a while for many masks of a large photo.
  bareMask(state.image);
  yield;
  bareRegions(state.image);
  yield;
  const { pixels, share } = voidShare(state);
  yield;
  return { image: state.image, unlabelled: { pixels, share }, problems: yield* look(state) };
}

function lasting(ms) {
  const until = performance.now() + ms;
  return { timeRemaining: () => until - performance.now() };
}
