/** Which category a mask has. */
import { createLabelSetApi } from '../labels/api.mjs';
import { labelKeys } from '../labels/keys.mjs';
import { withRecent } from '../labels/recent.mjs';
import { keyFor } from './bindings.mjs';
import { createChosen } from './chosen.mjs';
import { DIGITS } from './keys.mjs';

const STALE = 409;

/** @param {Parameters<typeof import('./commands.mjs').createCommands>[0]} parts */
export function labelCommands(parts) {
  const { store, session, focusSearch, labelSet = createLabelSetApi('/api/v1/') } = parts;
  const { say } = session;
  const { chosen, chosenOrSay, select, advance } = createChosen(parts);

  /** Labels the selection; a proposal is accepted with the label. @param {number} categoryId */
  function label(categoryId) {
    const found = chosenOrSay();
    if (!found) return;
    const { proposals, segments } = found;
    const after = proposals.at(-1) ?? store.state.awaitingLabel;
    const recentLabels = withRecent(store.state.recentLabels, categoryId);
    store.dispatch({ type: 'set', values: { lastCategory: categoryId, recentLabels } });
    session.act('relabel', { proposals, segments, categoryId });
    const { name } = store.state.categories.get(categoryId);
    if (after === 'drawn') {
      select([]);
      say(`Labelled “${name}”; the next stroke makes a new region.`);
    } else if (after !== null) advance(after);
    else say(`Labelled “${name}”.`);
  }

  function digit(index) {
    const key = DIGITS[index];
    const category = labelKeys(store.state.workspace.categories).get(key);
    if (category) label(category.id);
    else say(`No label has the key ${key}; ${keyFor('search')} finds and adds labels, the Labels page gives keys.`);
  }

  function labelAgain() {
    const { lastCategory, categories, recentLabels } = store.state;
    const id = [lastCategory, ...recentLabels].find((one) => categories.has(one));
    if (id !== undefined) label(id);
    else say(`No label was used yet: press a label’s key, or ${keyFor('search')} to find one.`);
  }

  /** Adds a category to the label set, and gives it to what is selected then. @param {string} name */
  async function addLabel(name) {
    say(`Adding “${name}”…`);
    try {
      const { id } = await added(name);
      await session.reloadWorkspace();
      if (chosen().items.length > 0) label(id);
      say(`“${name}” is a label now. The Labels page changes its colour, kind and key.`);
    } catch (error) {
      say(`“${name}” could not be added: ${error.message}`, 'error');
    }
  }

  async function added(name) {
    const step = () => ({
      workspace: store.state.workspace.id,
      base: store.state.workspace.label_set,
      kind: 'add',
      name,
    });
    try {
      return await labelSet.change(step());
    } catch (error) {
      if (error.status !== STALE) throw error;
      // What somebody else changed does not matter to an addition; a name that is there by now is refused.
      await session.reloadWorkspace();
      return labelSet.change(step());
    }
  }

  return { label, digit, labelAgain, addLabel, search: focusSearch };
}
