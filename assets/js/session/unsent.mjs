/** Corrections that were made and could not be applied: kept until the person has applied them again or let them go. */
import { decodeMask } from '../masks/masks.mjs';
import { expectation } from '../truth/expectation.mjs';
import { segmentsOf, withNames } from '../truth/standing.mjs';

/**
 * @typedef {import('./keeper.mjs').Entry} Entry
 * @param {{store: ReturnType<typeof import('../truth/state.mjs').createStore>, keeper: ReturnType<typeof
 *   import('./keeper.mjs').createKeeper>}} parts
 */
export function createUnsent({ store, keeper }) {
  const set = (unsent) => store.dispatch({ type: 'set', values: { unsent } });
  const nameOf = ({ client, seq }) => `${client} ${seq}`;
  const names = (list) => list.map(nameOf).join();
  const onDisk = new Set();
  return {
    /** @param {Entry[]} entries each with its `why` */
    add(entries) {
      if (entries.length > 0) set([...store.state.unsent, ...entries]);
    },
    /** What the browser keeps, by whichever tab; what it could not keep stays. @param {Entry[]} entries */
    show(entries) {
      for (const entry of entries) onDisk.add(nameOf(entry));
      const all = [...entries, ...store.state.unsent.filter((entry) => !onDisk.has(nameOf(entry)))];
      if (names(all) !== names(store.state.unsent)) set(all);
    },
    /** @param {Entry} entry */
    discard(entry) {
      set(store.state.unsent.filter((other) => other !== entry));
      void keeper.settle([entry]);
    },
  };
}

const NOTHING_LEFT = 'Nothing that it was made on is there any more; discard it.';
const NOTHING_TO_MERGE = 'Fewer than two of the masks that it merges are left: nothing is left to merge; discard it.';
const NO_LABEL = 'The label that it gives is not in the label set any more; discard it.';
const UNLABELLED = 'Its label is not in the label set any more: applied without a label.';

// What is to be done with a proposal, and not with the segment made of it.
const DECIDING = new Set(['accept', 'reject', 'defer']);

/**
 * The correction for the image as it is now: on those of its masks that are still there, or on the segment that
 * somebody has made of its proposal; without them a drawn region becomes a segment of its own.
 * @param {Entry} entry
 * @param {import('../truth/state.mjs').State} state in which its image is open
 * @returns {{action: object | null, said: string}} null when nothing of it is left; what the person should know
 */
export function again({ action }, { image, names, categories }) {
  const named = withNames(action, names);
  const { operation } = named;
  const isUnlabelled = named.categoryId !== null && !categories.has(named.categoryId);
  if (isUnlabelled && operation === 'relabel') return { action: null, said: NO_LABEL };
  const change = targetsIn(image, named) ?? drawing(named);
  if (change === null) return { action: null, said: operation === 'merge' ? NOTHING_TO_MERGE : NOTHING_LEFT };
  const categoryId = isUnlabelled ? null : named.categoryId;
  const expected = expectation(image, change);
  return { action: { ...named, ...change, categoryId, expected }, said: isUnlabelled ? UNLABELLED : '' };
}

function targetsIn(image, { operation, segments: ids, proposals: offers }) {
  const isOpen = (id) => image.proposals.some((proposal) => proposal.id === id && proposal.decision !== 'accepted');
  const taken = DECIDING.has(operation) ? [] : offers.filter((id) => !isOpen(id));
  const there = ids.filter((id) => image.segments.some((segment) => segment.id === id));
  const made = taken.flatMap((id) => segmentsOf(image.segments, id)).map(({ id }) => id);
  const [segments, proposals] = [[...new Set([...there, ...made])], offers.filter(isOpen)];
  const needed = operation === 'merge' ? 2 : Math.min(1, ids.length + offers.length);
  return segments.length + proposals.length >= needed ? { segments, proposals } : null;
}

function drawing({ mask, masks }) {
  const drawn = masks ?? (mask && [mask]);
  return drawn ? { operation: 'draw', segments: [], proposals: [], mask: null, masks: drawn } : null;
}

/** The masks that a correction brings along, for looking at. @param {Entry} entry */
export function masksOf({ action }) {
  const wire = action.masks ?? (action.mask ? [action.mask] : []);
  return wire.map(({ size: [height, width], counts }) => decodeMask(counts, height, width));
}
