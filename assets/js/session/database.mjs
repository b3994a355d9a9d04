/** This browser's database of the site: opening it, and transactions as promises. */

const NAME = 'maskwright';
const VERSION = 1;
const STORES = {
  /** Corrections that are not settled, by the tab that made them and their number there. */
  actions: { keyPath: ['client', 'seq'] },
  /** Which living tab sends for which, where there are no locks. */
  tabs: { keyPath: 'client' },
  /** The workspace and the last images as the server gave them, for the time without it. */
  shelf: { keyPath: 'name' },
};

// Some browsers never answer once their store is damaged.
const PATIENCE_MS = 5_000;

/**
 * @param {{readonly indexedDB?: IDBFactory}} [page] its getter may throw: Firefox's does where site data is forbidden
 * @returns {Promise<IDBDatabase>} rejects where the browser keeps nothing, as in some private windows
 */
export function openDatabase(page = globalThis) {
  return new Promise((resolve, reject) => {
    const factory = page.indexedDB;
    if (!factory) throw new Error('this browser has no database');
    const opening = factory.open(NAME, VERSION);
    const late = setTimeout(giveUp, PATIENCE_MS);
    // Under node a timer keeps the tests from ending.
    late.unref?.();

    function giveUp() {
      opening.onsuccess = () => opening.result.close();
      reject(new Error('the browser’s database does not answer'));
    }

    opening.onupgradeneeded = () => {
      for (const [name, options] of Object.entries(STORES)) opening.result.createObjectStore(name, options);
    };
    opening.onsuccess = () => {
      clearTimeout(late);
      // A tab with a newer page may need another version; this one goes on without.
      opening.result.onversionchange = () => opening.result.close();
      resolve(opening.result);
    };
    opening.onerror = () => reject(opening.error);
    opening.onblocked = () => reject(new Error('another tab holds an older database'));
  });
}

/**
 * One transaction over one store; resolved once it is on the disk.
 * @template T
 * @param {IDBDatabase} database
 * @param {keyof typeof STORES} name
 * @param {(store: IDBObjectStore) => IDBRequest<T> | void} work
 * @returns {Promise<T>} the result of the request that `work` returns
 */
export function write(database, name, work) {
  return transact(database, name, 'readwrite', work);
}

/** @template T @param {(store: IDBObjectStore) => IDBRequest<T>} work @returns {Promise<T>} */
export function read(database, name, work) {
  return transact(database, name, 'readonly', work);
}

function transact(database, name, mode, work) {
  return new Promise((resolve, reject) => {
    const transaction = database.transaction(name, mode, { durability: mode === 'readwrite' ? 'strict' : 'default' });
    const request = work(transaction.objectStore(name));
    transaction.oncomplete = () => resolve(request?.result);
    transaction.onabort = () => reject(transaction.error ?? new Error('the transaction was aborted'));
  });
}
