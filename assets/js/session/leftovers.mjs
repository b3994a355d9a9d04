/** What other tabs have left in this browser: taken over once they live no more, or told of where it is not ours. */
import { same } from './same.mjs';
import { createTabs } from './tabs.mjs';

const LOOK_MS = 15_000;

/**
 * @typedef {import('./keeper.mjs').Entry} Entry
 * @param {object} parts
 * @param {ReturnType<typeof import('../truth/state.mjs').createStore>} parts.store
 * @param {string} parts.client the name of this tab
 * @param {ReturnType<typeof import('./keeper.mjs').createKeeper>} parts.keeper
 * @param {ReturnType<typeof import('./unsent.mjs').createUnsent>} parts.unsent
 * @param {(entries: Entry[]) => void} parts.adopt
 * @param {Promise<IDBDatabase>} parts.database
 */
export function createLeftovers({ store, client, keeper, unsent, adopt, database }) {
  const tabs = createTabs(database, client);

  /** Another person's corrections are theirs to send, and another workspace's fit no image of this one. */
  function isOurs({ workspace, user }) {
    return workspace === store.state.workspace.id && user === store.state.workspace.user;
  }

  async function look() {
    const entries = await keeper.all();
    if (!entries) return;
    unsent.show(entries.filter((entry) => isOurs(entry) && entry.why !== null));
    tellOf(entries.filter((entry) => !isOurs(entry) && entry.workspace === store.state.workspace.id));
    const waiting = entries.filter((entry) => isOurs(entry) && entry.why === null);
    for (const other of new Set(waiting.map((entry) => entry.client))) tabs.hold(other, () => void takeOver(other));
  }

  async function takeOver(other) {
    if (other === client) return;
    const entries = (await keeper.all()) ?? [];
    adopt(entries.filter((entry) => isOurs(entry) && entry.client === other && entry.why === null));
  }

  function tellOf(foreign) {
    const users = [...new Set(foreign.map(({ user }) => user))].sort();
    const keptForOthers = users.map((user) => ({ user, number: foreign.filter((entry) => entry.user === user).length }));
    if (same(keptForOthers, store.state.keptForOthers)) return;
    store.dispatch({ type: 'set', values: { keptForOthers } });
  }

  return {
    /** Once the workspace is known. */
    start() {
      tabs.hold(client, () => {});
      void look();
      const timer = setInterval(look, LOOK_MS);
      // Under node a timer keeps the tests from ending.
      timer.unref?.();
    },
  };
}
