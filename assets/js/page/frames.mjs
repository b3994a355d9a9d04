/** Parts of the page that are drawn anew once a frame, however much happens before it. */
import { inNextFrame } from '../stage/loop.mjs';

/** @typedef {import('../truth/state.mjs').State} State */

/**
 * @param {ReturnType<typeof import('../truth/state.mjs').createStore>} store
 * @param {(state: State, before: State) => void} update told of all that is another than the last time
 * @param {(run: () => void) => void} [nextFrame]
 */
export function onceAFrame(store, update, nextFrame) {
  let shown = store.state;

  function run() {
    const before = shown;
    shown = store.state;
    update(shown, before);
  }

  store.subscribe(inNextFrame(run, nextFrame));
}
