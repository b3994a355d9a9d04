/** Going through what the check finds, and fixing it. */
import { difference, union } from '../masks/algebra.mjs';
import { counted, isTwice, problems } from '../truth/lint.mjs';
import { findItem } from '../truth/items.mjs';
import { nameOf } from '../truth/pick.mjs';
import { keyFor } from './bindings.mjs';
import { createChosen } from './chosen.mjs';
import { change } from './mend.mjs';
import { createFilling } from './voids.mjs';

/** @typedef {import('../truth/lint.mjs').Problem} Problem */

/** What the fix of a problem does, for people. @type {Record<import('../truth/lint.mjs').Kind, string>} */
const REMEDIES = {
  hidden: 'raise it, or delete it where it is there twice',
  overlap: 'take it from the lower one',
  nameless: 'find a label',
  island: 'drop them',
  hole: 'fill them',
  void: 'fill it from the best proposal',
};

/** @param {Parameters<typeof import('./commands.mjs').createCommands>[0]} parts */
export function checkCommands(parts) {
  const { store, session, stage, focusSearch } = parts;
  const { say } = session;
  const { select } = createChosen(parts);
  const { fillRegion } = createFilling(parts);
  const set = (values) => store.dispatch({ type: 'set', values });
  const itemsOf = ({ keys }) => keys.map((key) => findItem(store.state.image, key));
  const nameNow = (item) => nameOf(store.state, item);
  const tell = (what) => say(`${what}. ${keyFor('undo')} takes it back, ${keyFor('nextProblem')} goes on.`);

  // Where the problem at hand stands, or stood before it was fixed.
  let place = 0;

  function nextProblem() {
    const { problem } = store.state;
    const list = problems(store.state);
    const at = list.findIndex(({ id }) => id === problem);
    const next = problem === null ? 0 : at < 0 ? place : at + 1;
    if (list.length === 0) say('The check finds nothing to fix on this photo.');
    else show(list, next % list.length);
  }

  /** @param {string} id */
  function showProblem(id) {
    const list = problems(store.state);
    const at = list.findIndex((problem) => problem.id === id);
    if (at >= 0) show(list, at);
  }

  /** @param {Problem[]} list */
  function show(list, at) {
    const { id, keys, text, kind, region, box } = list[at];
    place = at;
    store.dispatch({ type: 'select', keys: keys.slice(0, 1) });
    set({ problem: id, marked: { mask: region(), bbox: box } });
    stage.reveal(box);
    const [fix, next] = [keyFor('fixProblem'), keyFor('nextProblem')];
    say(`${at + 1} of ${list.length}: ${text}. Press ${fix} to ${REMEDIES[kind]}, ${next} to go on.`);
  }

  /** Fixes a problem, that at hand when none is named; with none at hand it goes to the next one. */
  function fixProblem(id = store.state.problem) {
    const problem = problems(store.state).find((one) => one.id === id);
    if (problem) fixes[problem.kind](problem);
    else nextProblem();
  }

  const fixes = {
    hidden(problem) {
      const [lower, upper] = itemsOf(problem);
      const twice = isTwice(lower, upper);
      if (twice) session.act('delete', { segments: [lower.id] });
      else session.act('reorder', { segments: [lower.id], toTop: true });
      const under = `which lay whole under ${nameNow(upper)}`;
      tell(twice ? `Deleted ${nameNow(lower)}, ${under}` : `Raised ${nameNow(lower)}, ${under}`);
    },
    overlap(problem) {
      const [lower, upper] = itemsOf(problem);
      change(session, lower, 'edit', { mask: difference(lower.mask, upper.mask) });
      tell(`Took ${counted(problem.pixels, 'pixel')} from ${nameNow(lower)}`);
    },
    nameless({ keys }) {
      select(keys);
      focusSearch();
    },
    island(problem) {
      const [item] = itemsOf(problem);
      change(session, item, 'fill', { mask: difference(item.mask, problem.region()) });
      tell(`Dropped from ${problem.text}`);
    },
    hole(problem) {
      const [item] = itemsOf(problem);
      change(session, item, 'fill', { mask: union([item.mask, problem.region()]) });
      tell(`Filled in ${problem.text}`);
    },
    void: (problem) => fillRegion(problem.region()),
  };

  function toggleCheck() {
    set({ panelTab: store.state.panelTab === 'check' ? 'label' : 'check', panelShown: true });
  }

  return { toggleCheck, nextProblem, showProblem, fixProblem };
}
