/**
 * What a drawn region does: one rule for every tool.
 *
 * With exactly one mask selected the region is added to it, or taken from it; a proposal is accepted with the mask
 * that comes out. With nothing selected the region becomes a new segment, which is selected and waits for its label;
 * so does one that lies apart from a proposal, or wholly on it, which is selected only because the page offers it.
 * @typedef {import('../masks/masks.mjs').Mask} Mask @typedef {import('../truth/items.mjs').Item} Item
 * @typedef {{imageId: number, item: Item | null, offered?: boolean}} Target what a tool began on; `item` null: a new
 *   region; `offered`: nobody chose the item
 */
import { keyFor } from '../commands/bindings.mjs';
import { difference, equal, isEmpty, sharedArea, union } from '../masks/algebra.mjs';
import { area } from '../masks/masks.mjs';
import { findItem } from '../truth/items.mjs';
import { isHidden, isOffered, nameOf, selected } from '../truth/pick.mjs';

const oneOnly = () =>
  `Several masks are selected: select one to change it, or none (${keyFor('newRegion')}) to draw a new region.`;
const nothingLeft = () => `Nothing would be left of it: ${keyFor('remove')} deletes it.`;
const nothingChanged = (name) =>
  `That changes nothing of the selected mask (${name}); Ctrl+Click another mask to work on that one.`;
const NOTHING_TO_TAKE_FROM = 'Select the mask to take from first (Ctrl+Click it).';

/**
 * @param {{store: ReturnType<typeof import('../truth/state.mjs').createStore>, session: any,
 *   commands: () => Record<string, (argument?: any) => unknown>}} parts
 */
export function createTarget({ store, session, commands }) {
  const say = session.say;

  /** What drawing works on now; null, and said, with several masks selected. @returns {Target | null} */
  function begin() {
    const { image } = store.state;
    const items = selected(store.state);
    if (items.length > 1) say(oneOnly());
    if (!image || items.length > 1) return null;
    const [item = null] = items;
    return { imageId: image.id, item, offered: item !== null && isOffered(store.state, item) };
  }

  /** The target as it is now: corrected or named by the server meanwhile. @returns {Item | null} */
  function current({ item }) {
    if (!item) return null;
    const named = item.kind === 'segment' ? `s${store.state.names.get(item.id) ?? item.id}` : item.key;
    return findItem(store.state.image, named) ?? null;
  }

  /**
   * Adds a region to the target or takes it away, as one correction, and says what came of it. After an undo that is
   * not answered yet it waits for the answer: the target may be what is undone.
   * @param {Target} target
   * @param {Mask} region
   * @param {{subtracts?: boolean}} [how]
   * @returns {boolean} whether there is a correction, or may yet be
   */
  function finish(target, region, how = {}) {
    let corrected = true;
    session.soon(() => {
      corrected = correct(target, region, how);
    });
    return corrected;
  }

  function correct(target, region, { subtracts = false }) {
    if (store.state.image?.id !== target.imageId) return false;
    const item = current(target);
    if (!item && subtracts) return said(NOTHING_TO_TAKE_FROM);
    if (!item || (!subtracts && target.offered && isAnother(item, region))) return draw(region);
    const mask = subtracts ? difference(item.mask, region) : union([item.mask, region]);
    return replace(target, mask);
  }

  /**
   * Gives the target another mask.
   * @param {Target} target
   * @param {Mask} mask
   * @param {string} [operation] `edit` or `fill`
   * @returns {boolean} whether there was a correction
   */
  function replace(target, mask, operation = 'edit') {
    const item = current(target);
    if (!item) return said('The mask is gone; nothing was changed.');
    if (isEmpty(mask)) return said(nothingLeft());
    const name = nameOf(store.state, item);
    if (equal(mask, item.mask)) return said(nothingChanged(name));
    if (item.kind === 'segment') {
      session.act(operation, { segments: [item.id], mask });
      say(`${name}: ${change(area(mask) - item.area)}.`);
      commands().suggest?.(item.key);
      return true;
    }
    const [key] = session.act(operation, { proposals: [item.id], mask });
    choose(key, item.id);
    const labelled = store.state.categories.has(item.category_id);
    say(
      labelled
        ? `Accepted as ${name}: ${change(area(mask) - item.area)}. ${keyFor('accept')} goes on.`
        : `Accepted: ${labelHint()}`,
    );
    return true;
  }

  function draw(region) {
    if (isEmpty(region)) return said('No pixel of the photo lies in it.');
    const same = store.state.image.segments.findLast(({ mask }) => equal(mask, region));
    if (same) return chooseInstead(same);
    const [key] = session.act('draw', { mask: region });
    choose(key, 'drawn');
    const unseen = isHidden(store.state, key) ? ` ${keyFor('toggleMasks')} shows the masks again.` : '';
    say(`New region of ${pixels(area(region))}: ${labelHint()}${unseen}`);
    return true;
  }

  /** A second segment of the same pixels would lie unseen under or over the first. */
  function chooseInstead(item) {
    const isNameless = !store.state.categories.has(item.category_id);
    if (isNameless) choose(item.key, 'drawn');
    else store.dispatch({ type: 'select', keys: [item.key] });
    const then = isNameless ? labelHint() : 'it is selected now.';
    return said(`That changes nothing, ${nameOf(store.state, item)} is this very region: ${then}`);
  }

  function choose(key, afterId) {
    store.dispatch({ type: 'select', keys: [key], awaitingLabel: afterId });
    commands().suggest?.(key);
  }

  function labelHint() {
    const last = store.state.categories.get(store.state.lastCategory);
    const again = last ? `, ${keyFor('labelAgain')} for ${last.name}` : '';
    return `press a label’s key, or ${keyFor('search')} to find one${again}.`;
  }

  function said(text) {
    say(text);
    return false;
  }

  return { begin, current, finish, replace };
}

/** Whether a region is no part of this proposal, and would not make it larger: a thing elsewhere, or in front of it. */
function isAnother({ kind, mask }, region) {
  const shared = kind === 'proposal' ? sharedArea(mask, region) : null;
  return shared === 0 || shared === area(region);
}

/** @param {number} count */
export function pixels(count) {
  return count === 1 ? 'one pixel' : `${count.toLocaleString('en')} pixels`;
}

function change(gained) {
  if (gained === 0) return 'changed';
  return gained > 0 ? `${pixels(gained)} added` : `${pixels(-gained)} taken away`;
}
