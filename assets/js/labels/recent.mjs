/** The labels used last, the newest first: in the state while the page is open, in the preferences in between. */

const KEPT = 10;

/** @param {number[]} recent @param {number} categoryId @returns {number[]} */
export function withRecent(recent, categoryId) {
  return [categoryId, ...recent.filter((id) => id !== categoryId)].slice(0, KEPT);
}

/**
 * Keeps the state's `recentLabels` for each workspace.
 * @param {ReturnType<typeof import('../truth/state.mjs').createStore>} store
 * @param {ReturnType<typeof import('../session/preferences.mjs').createPreferences>} preferences
 */
export function keepRecent(store, preferences) {
  store.subscribe((state, before) => {
    const id = state.workspace?.id;
    if (id === undefined) return;
    const kept = preferences.get('recentLabels', {});
    if (before.workspace?.id !== id) {
      const recentLabels = Array.isArray(kept?.[id]) ? kept[id] : [];
      if (recentLabels.length > 0) store.dispatch({ type: 'set', values: { recentLabels } });
    } else if (state.recentLabels !== before.recentLabels) {
      preferences.set('recentLabels', { ...kept, [id]: state.recentLabels });
    }
  });
}
