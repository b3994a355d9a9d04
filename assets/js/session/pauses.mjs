/** Waiting before something is tried again. */

/** @param {number} ms @returns {Promise<void>} */
export function sleep(ms) {
  return new Promise((resolve) => setTimeout(resolve, ms));
}

/** @param {(ms: number) => Promise<void>} [wait] */
export function createPauses(wait = sleep) {
  let wakeUp = () => {};
  return {
    /** @param {number} ms unless it is woken before */
    rest: (ms) => Promise.race([wait(ms), new Promise((resolve) => (wakeUp = resolve))]),
    /** Ends the rest that is being had. */
    wake: () => wakeUp(),
  };
}
