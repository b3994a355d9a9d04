/** The open photo in the page's address, so that a reload or a link comes back to it. */

const PARAMETER = 'image';
const MOST_SAID = 40;

export function createAddress() {
  const asked = () => new URL(location.href).searchParams.get(PARAMETER);
  const imageId = () => idOf(asked());
  return {
    imageId,
    /** What stands there instead of a photo's id, short enough to be told; null where nothing does. */
    misspelt() {
      const text = asked();
      if (!text || idOf(text) !== null) return null;
      return text.length > MOST_SAID ? `${text.slice(0, MOST_SAID)}…` : text;
    },
    /** @param {number} id @param {'push' | 'replace' | 'none'} history */
    show(id, history) {
      const url = new URL(location.href);
      url.searchParams.set(PARAMETER, String(id));
      if (history === 'push' && imageId() !== id) window.history.pushState(window.history.state, '', url);
      if (history === 'replace') window.history.replaceState(window.history.state, '', url);
    },
    /** @param {(id: number) => void} open */
    onBack(open) {
      window.addEventListener('popstate', () => {
        const id = imageId();
        if (id !== null) open(id);
      });
    },
  };
}

/** @param {string | null} text @returns {number | null} null where it can be no photo's id */
function idOf(text) {
  const id = text !== null && /^\d+$/.test(text) ? Number(text) : NaN;
  return Number.isSafeInteger(id) ? id : null;
}
