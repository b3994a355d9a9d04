/** What commands do with the selection: read it, change it, go on to the next mask. */
import { nextUndecided, selected, shownProposals } from '../truth/pick.mjs';
import { keyFor } from './bindings.mjs';

/** What to say when a command needs a mask and none is selected. */
export const selectFirst = () => `Select a mask first: click it, or press ${keyFor('nextMask')} for the next one.`;

/**
 * @param {{store: ReturnType<typeof import('../truth/state.mjs').createStore>, session: ReturnType<typeof
 *   import('../session/session.mjs').createSession>, stage: any}} parts
 */
export function createChosen({ store, session, stage }) {
  const ids = (items) => items.map(({ id }) => id);

  /** The selected items, and the ids of the proposals and of the segments among them. */
  function chosen() {
    const items = selected(store.state);
    return {
      items,
      proposals: ids(items.filter(({ kind }) => kind === 'proposal')),
      segments: ids(items.filter(({ kind }) => kind === 'segment')),
    };
  }

  /**
   * Selects and brings into sight.
   * @param {string[]} keys
   * @param {number | 'drawn' | null} [awaitingLabel]
   * @param {boolean} [offered] the page chose it
   */
  function select(keys, awaitingLabel = null, offered = false) {
    store.dispatch({ type: 'select', keys, awaitingLabel, offered });
    const [item] = selected(store.state);
    if (item) stage.reveal(item.bbox);
  }

  /** Goes on to the next undecided proposal; says so when there is none. @param {number | null} afterId */
  function advance(afterId) {
    const next = nextUndecided(store.state, afterId);
    select(next ? [next.key] : [], null, true);
    session.say(next ? '' : whatIsLeft(shownProposals(store.state).length));
  }

  /** The selection's ids, or null after saying that something has to be selected. */
  function chosenOrSay() {
    const { items, proposals, segments } = chosen();
    if (items.length > 0) return { items, proposals, segments };
    session.say(selectFirst());
    return null;
  }

  return { chosen, chosenOrSay, select, advance };
}

function whatIsLeft(deferred) {
  if (deferred > 0) {
    return `Only deferred proposals are left: ${deferred}. Press ${keyFor('nextMask')} to walk through them.`;
  }
  return `Every proposal in sight is decided. ${keyFor('doneAndNext')}: done, and on to the next photo.`;
}
