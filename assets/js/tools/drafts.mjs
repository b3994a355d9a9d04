/** Unfinished drawings that were put aside or thrown away: what was drawn is not lost while the page is open. */

// More than anybody comes back to.
const MOST = 50;

/**
 * @typedef {object} Draft
 * @property {number} imageId
 * @property {string} tool that began it
 * @property {boolean} thrown away by the person, so that only undo brings it back
 * @property {object} unfinished what its tool resumes once it is taken and the photo is open
 *
 * @param {ReturnType<typeof import('../truth/state.mjs').createStore>} store
 */
export function createDrafts(store) {
  /** @type {(Draft & {since: number})[]} `since`: corrections of its photo since then that stand */
  let drafts = [];

  store.subscribe(({ pending }, before) => {
    const action = pending.at(-1);
    if (pending.length <= before.pending.length || action === before.pending.at(-1)) return;
    const step = action.operation === 'undo' ? -1 : 1;
    for (const draft of drafts) if (draft.imageId === action.imageId) draft.since += step;
  });

  /** @param {(draft: Draft & {since: number}) => boolean} isIt @returns {Draft | null} the newest on the open photo */
  function taken(isIt) {
    const found = drafts.findLast((draft) => draft.imageId === store.state.base?.id && isIt(draft)) ?? null;
    drafts = drafts.filter((draft) => draft !== found);
    return found;
  }

  return {
    /** @param {Draft} draft */
    keep(draft) {
      drafts = [...drafts, { ...draft, since: 0 }].slice(-MOST);
    },
    /** What this tool left unfinished on the open photo; it is not kept any more. @param {string} tool */
    of: (tool) => taken((draft) => draft.tool === tool && !draft.thrown),
    /** What an undo brings back: the newest one, unless there is a newer correction to undo. */
    undone: () => taken(({ since }) => since <= 0),
  };
}
