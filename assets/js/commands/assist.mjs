/** Help by the model and by the photo's own colours and edges. */
import { findItem } from '../truth/items.mjs';
import { selected } from '../truth/pick.mjs';
import { suggestionsFor, toAskAbout } from '../truth/suggestions.mjs';
import { keyFor } from './bindings.mjs';
import { createChosen } from './chosen.mjs';
import { labelCommands } from './label.mjs';

/** @param {Parameters<typeof import('./commands.mjs').createCommands>[0]} parts */
export function assistCommands(parts) {
  const { store, session, tools } = parts;
  const { say } = session;
  const { chosenOrSay } = createChosen(parts);
  const { label } = labelCommands(parts);
  const toggle = (name) => () => tools.take(store.state.tool === name ? 'select' : name);

  // What is done once the model has answered about a mask, as long as that stays selected as it is.
  let wanted = /** @type {{item: import('../truth/items.mjs').Item, then: () => void} | null} */ (null);

  store.subscribe((state) => {
    if (wanted === null) return;
    const { item, then } = wanted;
    const [now, ...others] = selected(state);
    const isSame = others.length === 0 && now?.counts === item.counts && now.category_id === item.category_id;
    if (isSame && suggestionsFor(state, now) === null) return;
    wanted = null;
    if (isSame) queueMicrotask(then);
  });

  /**
   * The suggestions for the one selected mask; null, and said, where there are none.
   * @param {() => void} again what is done when they come, if they are still to come
   */
  function offered(again) {
    const items = chosenOrSay()?.items;
    if (!items) return null;
    const found = items.length === 1 ? suggestionsFor(store.state, items[0]) : null;
    if (items.length > 1) say('Select one mask: suggestions are for one.');
    else if (toAskAbout(store.state) !== null) {
      wanted = { item: items[0], then: again };
      say('The model is still looking; its suggestion is taken when it comes.');
    } else if (!found || found.length === 0) say(`${whyNone(found)}; ${keyFor('search')} finds a label.`);
    return found?.length ? found : null;
  }

  function whyNone(found) {
    if (!store.state.workspace.model) return 'No model is in use here to suggest a label';
    return found ? 'The model knows none of these labels' : 'There are no suggestions for this mask';
  }

  /** Labels the selected mask with the n-th of what the model calls it. @param {number} place */
  function score(place) {
    const found = offered(() => score(place));
    if (!found) return;
    const one = found[place];
    if (!one) say(`There ${found.length === 1 ? 'is one suggestion' : `are ${found.length} suggestions`} here, no more.`);
    else if (one.categoryId === null) say(`${one.name} is not in the label set; ${keyFor('search')} adds it.`);
    else label(one.categoryId);
  }

  function applySuggestion() {
    const found = offered(applySuggestion);
    const first = found?.find(({ categoryId }) => categoryId !== null);
    if (first) label(first.categoryId);
    else if (found) say(`None of the model’s names is in the label set; ${keyFor('search')} adds one.`);
  }

  return {
    wand: toggle('wand'),
    scissors: toggle('scissors'),
    refine: () => tools.refine.start(),
    refineBox: toggle('cutbox'),
    score,
    applySuggestion,
    /** Asks the model about a mask that was drawn or edited, labelled or not. @param {string} key */
    suggest(key) {
      const item = findItem(store.state.image, key);
      if (item) store.dispatch({ type: 'set', values: { suggestFor: item.counts } });
    },
  };
}
