/** Asks the model what a new or edited segment shows, as long as it is selected. */
import { toAskAbout } from '../truth/suggestions.mjs';

/**
 * @param {ReturnType<typeof import('../truth/state.mjs').createStore>} store
 * @param {{labels: (id: number, mask: import('../masks/masks.mjs').Mask, signal: AbortSignal) => Promise<object[]>}} assist
 */
export function keepSuggesting(store, assist) {
  let asking = /** @type {{about: string, controller: AbortController} | null} */ (null);

  store.subscribe((state) => {
    const item = toAskAbout(state);
    const about = item && `${state.image.id} ${item.counts}`;
    if (about === (asking?.about ?? null)) return;
    asking?.controller.abort();
    asking = item && { about, controller: new AbortController() };
    if (item) void ask(asking, state.image.id, item);
  });

  /** A refusal is kept as an answer without labels: it would be the same again. */
  async function ask(mine, imageId, { counts, mask }) {
    const labels = await assist.labels(imageId, mask, mine.controller.signal).catch(() => []);
    if (asking !== mine) return;
    asking = null;
    store.dispatch({ type: 'set', values: { suggestions: { imageId, counts, labels } } });
  }
}
