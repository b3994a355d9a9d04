/** The open photo in the page's address, so that a reload or a link comes back to it. */

const PARAMETER = 'image';

export function createAddress() {
  const imageId = () => {
    const text = new URL(location.href).searchParams.get(PARAMETER);
    return text !== null && /^\d+$/.test(text) ? Number(text) : null;
  };
  return {
    imageId,
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
