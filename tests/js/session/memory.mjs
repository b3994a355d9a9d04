/** As much of an IndexedDB database as the page uses, in memory; `full` makes every put fail. */
export function memoryDatabase() {
  const stores = { actions: ['client', 'seq'], tabs: ['client'], shelf: ['name'] };
  const rows = Object.fromEntries(Object.keys(stores).map((name) => [name, new Map()]));
  const database = { full: false, transaction };

  function transaction(name) {
    const done = { objectStore: () => storeOf(name) };
    queueMicrotask(() => done.oncomplete());
    return done;
  }

  function storeOf(name) {
    const keyOf = (row) => JSON.stringify(stores[name].map((part) => row[part]));
    const request = (result) => ({ result });
    return {
      put(row) {
        if (database.full) throw new Error('the disk is full');
        rows[name].set(keyOf(row), structuredClone(row));
        return request(keyOf(row));
      },
      get: (key) => request(rows[name].get(JSON.stringify([key].flat()))),
      getAll: () => request([...rows[name].keys()].sort().map((key) => rows[name].get(key))),
      delete: (key) => request(void rows[name].delete(JSON.stringify([key].flat()))),
      count: () => request(rows[name].size),
      clear: () => request(rows[name].clear()),
    };
  }
  return database;
}
