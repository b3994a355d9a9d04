/**
 * Which tab sends what a tab has made: itself while it lives, afterwards exactly one that does. Locks say so where
 * the browser has them (on a secure address); else each tab leaves its heartbeat in the database.
 */
import { write } from './database.mjs';

const BEAT_MS = 5_000;
// A hidden tab's timers may run once a minute only.
const DEAD_MS = 150_000;

/**
 * @param {Promise<IDBDatabase>} opening
 * @param {string} me the name of this tab
 * @param {Pick<LockManager, 'request'> | undefined} [locks]
 * @returns {{hold: (client: string, onHeld: () => void) => void}} `hold` waits for as long as another living tab has
 *   that client, and keeps it to the end of this tab; asking twice is asking once
 */
export function createTabs(opening, me, locks = globalThis.navigator?.locks) {
  const asked = new Set();
  const claim = locks ? claimLock : createHeartbeat(opening, me);
  return {
    hold(client, onHeld) {
      if (asked.has(client)) return;
      asked.add(client);
      claim(client, onHeld);
    },
  };

  function claimLock(client, onHeld) {
    const held = () => {
      onHeld();
      return new Promise(() => {});
    };
    // A tab that is being closed refuses; another one asks in its place.
    locks.request(`maskwright tab ${client}`, held).catch(() => asked.delete(client));
  }
}

function createHeartbeat(opening, me) {
  const waiting = new Map();
  const held = new Set();

  async function beat() {
    const database = await opening;
    for (const client of [...held, ...waiting.keys()]) {
      const isMine = await write(database, 'tabs', (store) => claimed(store, client, me));
      const onHeld = waiting.get(client);
      if (!isMine || !onHeld) continue;
      waiting.delete(client);
      held.add(client);
      onHeld();
    }
  }
  // Without a database there is nothing to share.
  const beatOn = () => beat().catch(() => {});
  const timer = setInterval(beatOn, BEAT_MS);
  // Under node a timer keeps the tests from ending.
  timer.unref?.();
  globalThis.addEventListener?.('pagehide', () => leave().catch(() => {}));

  /** The page that comes next need not wait for this one to be taken for dead. */
  async function leave() {
    const rows = [...held].map((client) => ({ client, owner: me, at: 0 }));
    await write(await opening, 'tabs', (store) => rows.forEach((row) => store.put(row)));
  }

  return (client, onHeld) => {
    waiting.set(client, onHeld);
    void beatOn();
  };
}

/** One transaction, so that of two tabs one comes first. @returns {{readonly result: boolean}} */
function claimed(store, client, me) {
  const answer = { result: false };
  const asking = store.get(client);
  asking.onsuccess = () => {
    const row = asking.result;
    answer.result = !row || row.owner === me || Date.now() - row.at > DEAD_MS;
    if (answer.result) store.put({ client, owner: me, at: Date.now() });
  };
  return answer;
}
