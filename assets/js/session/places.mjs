/** Where this browser was last in each workspace: the photo, the view, and which photos it went through. */
import { usableFilter } from './listing.mjs';

const PREFERENCE = 'places';
// More workspaces than one person goes between.
const WORKSPACES = 30;

/**
 * @param {ReturnType<typeof import('./preferences.mjs').createPreferences>} preferences
 * @param {ReturnType<typeof import('../truth/state.mjs').createStore>} store
 */
export function createPlaces(preferences, store) {
  const all = () => preferences.get(PREFERENCE, {});
  const place = () => all()[store.state.workspace.id] ?? {};

  function remember(state, before) {
    const isSame = state.base?.id === before.base?.id && state.view === before.view && state.filter === before.filter;
    if (!state.base || isSame) return;
    const { [state.workspace.id]: _, ...others } = all();
    const newest = Object.entries(others).slice(1 - WORKSPACES);
    const here = { image: state.base.id, view: state.view, filter: state.filter };
    preferences.set(PREFERENCE, Object.fromEntries([...newest, [state.workspace.id, here]]));
  }

  return {
    /** Takes up the view and the filter of last time and follows from now on. */
    start() {
      const { view, filter: kept } = place();
      const filter = usableFilter(kept, store.state.categories);
      if (view) store.dispatch({ type: 'set', values: { view } });
      if (Object.keys(filter).length > 0) store.dispatch({ type: 'set', values: { filter } });
      store.subscribe(remember);
    },
    /** @returns {number | null} */
    lastImage: () => place().image ?? null,
  };
}
