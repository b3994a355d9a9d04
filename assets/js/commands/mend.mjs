/** Mending the selected masks: connected parts, holes, islands. */
import { equal } from '../masks/algebra.mjs';
import { area } from '../masks/masks.mjs';
import { components, filled, holes, withoutIslands } from '../masks/regions.mjs';
import { counted, slipLimit } from '../truth/lint.mjs';
import { nameOf } from '../truth/pick.mjs';
import { keyFor } from './bindings.mjs';
import { createChosen } from './chosen.mjs';

// More parts than anybody meant to have as segments: specks of noise.
const MOST_PARTS = 50;

/** @typedef {import('../truth/items.mjs').Item} Item */

/**
 * Corrects one mask; a proposal is accepted with what comes out.
 * @param {{act: (operation: string, wish: object) => string[]}} session
 * @param {Item} item @param {string} operation @param {{mask?: object, masks?: object[]}} wish
 * @returns {string[]} the keys it has then
 */
export function change(session, item, operation, wish) {
  const target = item.kind === 'segment' ? { segments: [item.id] } : { proposals: [item.id] };
  const created = session.act(operation, { ...target, ...wish });
  return item.kind === 'segment' ? [item.key, ...created] : created;
}

/** @param {Parameters<typeof import('./commands.mjs').createCommands>[0]} parts */
export function mendCommands(parts) {
  const { store, session } = parts;
  const { chosenOrSay, select } = createChosen(parts);
  const nameNow = (item) => nameOf(store.state, item);

  /**
   * Changes each selected mask for which there is something to do, keeps them selected, and says what came of it.
   * @param {(item: Item) => {operation: string, wish: object, told: string} | string} plan the text says why there is
   *   nothing to do
   */
  function mend(plan) {
    const found = chosenOrSay();
    if (!found) return;
    const plans = found.items.map((item) => ({ item, planned: plan(item) }));
    const told = plans.filter(({ planned }) => typeof planned !== 'string');
    if (told.length === 0) {
      session.say(plans.length === 1 ? plans[0].planned : `Nothing to do in any of the ${plans.length} masks.`);
      return;
    }
    const keys = plans.flatMap(({ item, planned }) =>
      typeof planned === 'string' ? [item.key] : change(session, item, planned.operation, planned.wish),
    );
    select(keys, told.findLast(({ item }) => item.kind === 'proposal')?.item.id ?? store.state.awaitingLabel);
    const what = told.map(({ item, planned }) => `${nameNow(item)}: ${planned.told}`).join('; ');
    session.say(`${what}. ${keyFor('undo')} takes it back.`);
  }

  function split(item) {
    const masks = components(item.mask);
    if (masks.length <= 1) return `${nameNow(item)} is one connected part already.`;
    if (masks.length > MOST_PARTS) {
      const first = keyFor('dropIslands');
      return `It has ${masks.length} parts, more than ${MOST_PARTS}: drop the islands first (${first}).`;
    }
    return { operation: 'split', wish: { masks }, told: `split into ${counted(masks.length, 'part')}` };
  }

  function fill(item) {
    const found = holes(item.mask);
    if (found.length === 0) return `${nameNow(item)} has no holes.`;
    const mask = filled(item.mask);
    const told = `filled ${counted(found.length, 'hole')}, ${counted(area(mask) - item.area, 'pixel')}`;
    return { operation: 'fill', wish: { mask }, told };
  }

  function drop(item) {
    const parts = components(item.mask).length;
    const mask = withoutIslands(item.mask, { least: slipLimit(store.state, item) });
    if (parts <= 1) return `${nameNow(item)} is one connected part: it has no islands.`;
    if (equal(mask, item.mask)) {
      return `Its ${parts} parts are too large for islands; ${keyFor('splitParts')} splits them.`;
    }
    const count = counted(parts - components(mask).length, 'island');
    return { operation: 'fill', wish: { mask }, told: `dropped ${count}, ${counted(item.area - area(mask), 'pixel')}` };
  }

  return {
    splitParts: () => mend(split),
    fillHoles: () => mend(fill),
    dropIslands: () => mend(drop),
  };
}
