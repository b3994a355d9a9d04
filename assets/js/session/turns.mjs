/** Commands that wait for something to be over, and are then done in order. */

/**
 * @param {ReturnType<typeof import('../truth/state.mjs').createStore>} store whose changes may end the wait
 * @param {() => boolean} isBusy asked before each command: one may make the others wait on
 * @param {() => boolean} [isVain] asked when the wait is over: whether they are about nothing, and not to be done
 */
export function createTurns(store, isBusy, isVain = () => false) {
  let waiting = [];

  function run() {
    if (isVain()) waiting = [];
    while (waiting.length > 0 && !isBusy()) waiting.shift()();
  }

  store.subscribe(() => {
    if (waiting.length > 0 && !isBusy()) queueMicrotask(run);
  });

  return {
    /** Now, or in its turn. @param {() => unknown} command @returns {boolean} whether it waits */
    soon(command) {
      const waits = waiting.length > 0 || isBusy();
      if (waits) waiting.push(command);
      else command();
      return waits;
    },
    /** What waits is not done. */
    drop() {
      waiting = [];
    },
  };
}
