/** What is done while a photo is being opened is meant for that photo, and after an undo for what it leaves. */
import { createTurns } from './turns.mjs';
import { underWay } from '../truth/underway.mjs';

/**
 * @param {ReturnType<typeof import('../truth/state.mjs').createStore>} store
 * @returns {{soon: (command: () => unknown) => boolean}} now, or in its turn as soon as nothing is under way; never where
 *   another photo comes than the awaited one
 */
export function createTypeAhead(store) {
  const turns = createTurns(store, () => underWay(store.state) !== null);

  store.subscribe((state, { opening: awaited }) => {
    // It was given up or failed, or another photo was chosen.
    if (awaited !== null && state.opening !== awaited && state.base?.id !== awaited) turns.drop();
  });

  return { soon: turns.soon };
}
