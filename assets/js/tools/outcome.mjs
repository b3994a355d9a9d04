/** Commands about what is being drawn: they wait until it is there. */
import { createTurns } from '../session/turns.mjs';

const MEANWHILE = 'This waits for what is being drawn. Escape gives both up.';

/**
 * @param {{store: ReturnType<typeof import('../truth/state.mjs').createStore>, session: {say: Function},
 *   isComing: () => boolean}} parts `isComing`: the pointer is still pressed, or the server is asked
 */
export function createOutcome({ store, session, isComing }) {
  const isRefused = () => store.state.message.kind === 'error';
  const turns = createTurns(store, isComing, isRefused);

  return {
    /** At once where nothing is being drawn. @param {() => unknown} command */
    soon(command) {
      if (turns.soon(command)) session.say(MEANWHILE, 'wait');
    },
    /** What was drawn is given up, and with it what waits. */
    drop: turns.drop,
  };
}
