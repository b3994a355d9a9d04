/**
 * On the log-in page, where nobody is logged in: what was kept of the photos goes. Corrections that were not sent stay
 * for their maker. The page may load this one file alone.
 */
const opening = openKept();
if (opening) {
  // None there: none is to be made.
  opening.onupgradeneeded = () => opening.transaction.abort();
  opening.onsuccess = () => opening.result.transaction('shelf', 'readwrite').objectStore('shelf').clear();
}

function openKept() {
  try {
    return globalThis.indexedDB?.open('maskwright');
  } catch {
    // Firefox where site data is forbidden: nothing is kept there.
    return null;
  }
}
