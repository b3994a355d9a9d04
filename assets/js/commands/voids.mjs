/** What nobody has labelled yet: going there, and filling it from the best proposal. */
import { equal } from '../masks/algebra.mjs';
import { area, bbox } from '../masks/masks.mjs';
import { nameOf } from '../truth/pick.mjs';
import { bareRegions, bestFill, percent } from '../truth/voids.mjs';
import { keyFor } from './bindings.mjs';
import { createChosen } from './chosen.mjs';

/** @typedef {import('../masks/masks.mjs').Mask} Mask */

/** @param {Parameters<typeof import('./commands.mjs').createCommands>[0]} parts */
export function voidsCommands(parts) {
  const { jumpToVoid, fillVoid } = createFilling(parts);
  return { jumpToVoid, fillVoid };
}

/** @param {Parameters<typeof import('./commands.mjs').createCommands>[0]} parts */
export function createFilling(parts) {
  const { store, session, stage } = parts;
  const { say } = session;
  const { select } = createChosen(parts);

  /** The regions that no segment covers, and the place of the one pointed at. */
  function bare() {
    const regions = bareRegions(store.state.image);
    return { regions, at: regions.indexOf(store.state.marked?.mask) };
  }

  /** @param {Mask} region */
  function pointAt(region) {
    store.dispatch({ type: 'select', keys: [] });
    store.dispatch({ type: 'set', values: { marked: { mask: region, bbox: bbox(region) } } });
    stage.reveal(bbox(region));
  }

  /** Points at the largest region that no segment covers; again: at the next one. */
  function jumpToVoid() {
    const { regions, at } = bare();
    if (regions.length === 0) {
      jumpToNameless();
      return;
    }
    const place = (at + 1) % regions.length;
    pointAt(regions[place]);
    const which = regions.length === 1 ? 'the only region' : `region ${place + 1} of ${regions.length}`;
    const [where, key] = [ofPhoto(regions[place]), keyFor('fillVoid')];
    say(`Nothing labelled here: ${where} of the photo, ${which}. ${key} fills it from the best proposal.`);
  }

  function jumpToNameless() {
    const { image, categories } = store.state;
    const nameless = image.segments.filter((item) => !categories.has(item.category_id));
    const [largest] = nameless.sort((a, b) => b.area - a.area);
    select(largest ? [largest.key] : []);
    if (largest) say(`Every pixel has a segment; this one has no label: ${keyFor('search')} finds one.`);
    else say('Nothing is unlabelled: every pixel has a segment with a label.');
  }

  function fillVoid() {
    const { regions, at } = bare();
    if (regions.length === 0) jumpToNameless();
    else fillRegion(regions[Math.max(at, 0)]);
  }

  /** @param {Mask} region that no segment covers */
  function fillRegion(region) {
    const fill = bestFill(store.state.image, region);
    if (!fill) {
      pointAt(region);
      const keys = `${keyFor('brush')} or ${keyFor('wand')}`;
      say(`No proposal fits this region, ${ofPhoto(region)} of the photo: draw it with ${keys}.`);
      return;
    }
    const { proposal, mask } = fill;
    const proposals = [proposal.id];
    const isWhole = equal(mask, proposal.mask);
    select(isWhole ? session.act('accept', { proposals }) : session.act('fill', { proposals, mask }));
    tellFilled(proposal, mask);
  }

  function tellFilled(proposal, mask) {
    const more = bareRegions(store.state.image).length > 0 ? ` ${keyFor('jumpToVoid')}: the next region.` : '';
    const share = `Filled ${ofPhoto(mask)} of the photo`;
    if (store.state.categories.has(proposal.category_id)) {
      say(`${share} as ${nameOf(store.state, proposal)}. ${keyFor('undo')} takes it back.${more}`);
    } else {
      say(`${share}: press a label’s key, or ${keyFor('search')} to find one.${more}`);
    }
  }

  return { jumpToVoid, fillVoid, fillRegion };
}

function ofPhoto(mask) {
  return percent(area(mask) / (mask.width * mask.height));
}
