/**
 * Questions to the server while drawing: one at a time, told when they take long, given up by Escape or by the button
 * that stands beside what is told then.
 */

// What takes longer is told: the eye takes less for at once.
const AT_ONCE_MS = 100;

/**
 * @param {{say: (text: string, kind?: string) => void}} session
 * @param {{setTimeout: typeof setTimeout, clearTimeout: typeof clearTimeout}} [clock]
 */
export function createQuestion({ say }, clock = globalThis) {
  let current = null;

  /** Gives the question up; its answer is never heard of. @returns {boolean} whether there was one */
  function drop() {
    if (!current) return false;
    const { controller, timer, told } = current;
    clock.clearTimeout(timer);
    current = null;
    controller.abort();
    if (told) say('');
    return true;
  }

  /**
   * @template T
   * @param {(signal: AbortSignal) => Promise<T>} ask
   * @param {{meanwhile: string, then: (answer: T) => void, failed?: () => void}} told `meanwhile`: what is said while
   *   it takes long; `failed`: after the reason was said
   */
  async function put(ask, { meanwhile, then, failed = () => {} }) {
    drop();
    const controller = new AbortController();
    const mine = { controller, timer: clock.setTimeout(tell, AT_ONCE_MS), told: false };
    current = mine;
    function tell() {
      mine.told = true;
      say(meanwhile, 'wait');
    }
    let answer;
    try {
      answer = await ask(controller.signal);
    } catch (error) {
      if (current !== mine) return;
      drop();
      say(`No help: ${error.message}`, 'error');
      failed();
      return;
    }
    if (current !== mine) return;
    clock.clearTimeout(mine.timer);
    current = null;
    if (mine.told) say('');
    then(answer);
  }

  return {
    put,
    drop,
    get busy() {
      return current !== null;
    },
  };
}
