/** Steps of the label set: what a person asked for, to be done to whichever label set it meets. */
import { same } from '../session/same.mjs';

/**
 * `move` goes up or down by places; `place` stands before another label, or with null last. An added label has a
 * negative `id` until it is saved.
 * @typedef {import('./api.mjs').UsedCategory} Category
 * @typedef {Partial<Pick<Category, 'name' | 'is_thing' | 'colour' | 'key'>>} Fields
 * @typedef {{kind: 'change', id: number, fields: Fields}
 *   | {kind: 'move', id: number, by: number}
 *   | {kind: 'place', id: number, before: number | null}
 *   | {kind: 'add', id: number, name: string}
 *   | {kind: 'remove', id: number}
 *   | {kind: 'merge', id: number, into_id: number}
 *   | {kind: 'undo'}} Step
 */

const UNKNOWN = { is_thing: true, colour: [128, 128, 128], key: null, segments: 0, images: 0, segments_on_deleted: 0 };

/**
 * The categories after the step. A merge and an undo are the server's to work out: they leave them as they are.
 * @param {Category[]} categories @param {Step} step @returns {Category[]}
 */
export function applied(categories, step) {
  switch (step.kind) {
    case 'change':
      return categories.map((one) => (one.id === step.id ? { ...one, ...step.fields } : one));
    case 'move':
    case 'place':
      return moved(categories, step);
    case 'add':
      return [...categories, /** @type {Category} */ ({ ...UNKNOWN, id: step.id, name: step.name })];
    case 'remove':
      return categories.filter(({ id }) => id !== step.id);
    default:
      return categories;
  }
}

function moved(categories, step) {
  const from = categories.findIndex(({ id }) => id === step.id);
  if (from === -1) return categories;
  const others = categories.toSpliced(from, 1);
  const to = step.kind === 'move' ? Math.max(0, from + step.by) : others.findIndex(({ id }) => id === step.before);
  return others.toSpliced(to === -1 ? others.length : to, 0, categories[from]);
}

/**
 * What the server is asked for, or null when the categories are so already.
 * @param {Step} step @param {Category[]} categories with those that the step names
 */
export function bodyOf(step, categories) {
  if (step.kind === 'add') return { kind: 'add', name: step.name };
  if (step.kind === 'change') {
    const now = categories.find(({ id }) => id === step.id);
    const { id, name, is_thing, colour, key } = { ...now, ...step.fields };
    return changes(now, step.fields) ? { kind: 'change', id, name, is_thing, colour, key } : null;
  }
  if (step.kind !== 'move' && step.kind !== 'place') return step;
  const order = moved(categories, step).map(({ id }) => id);
  return order.every((id, place) => id === categories[place].id) ? null : { kind: 'reorder', order };
}

/** Whether the labels that the step names are there. @param {Step} step @param {Category[]} categories */
export function hasItsLabels(step, categories) {
  const named = step.kind === 'add' ? [] : [step.id, step.into_id, step.before].filter((id) => id != null);
  return named.every((wanted) => categories.some(({ id }) => id === wanted));
}

/**
 * Whether the step is still what was meant, after somebody else made `now` of `before`.
 * @param {Step} step @param {Category[]} before @param {Category[]} now
 */
export function stillFits(step, before, now) {
  if (step.kind === 'undo' || !hasItsLabels(step, now)) return false;
  if (step.kind === 'add') return now.every(({ name }) => name !== step.name);
  if (step.kind !== 'change') return true;
  const [was, is] = [before, now].map((categories) => categories.find(({ id }) => id === step.id));
  const touched = Object.keys(step.fields).filter((field) => !was || !same(was[field], is[field]));
  return touched.every((field) => same(is[field], step.fields[field]));
}

/**
 * Whether a step whose answer was lost was saved all the same.
 * @param {{body: any, undoing?: number}} sent `undoing`: the change that an undo takes back
 * @param {import('./api.mjs').LabelSet} labelSet a newer one than it was sent for
 */
export function cameThrough({ body, undoing }, { categories, changes: log }) {
  const { kind, id } = body;
  const found = categories.find((one) => one.id === id);
  if (kind === 'undo') return log.some((one) => one.id === undoing && one.undone);
  if (kind === 'add') return categories.some(({ name }) => name === body.name);
  if (kind === 'reorder') return same(body.order, categories.map((one) => one.id));
  if (kind !== 'change') return !found;
  const { name, is_thing, colour, key } = body;
  return found !== undefined && !changes(found, { name, is_thing, colour, key });
}

/** The step in words, to stand in a sentence. @param {Step} step @param {Category[]} categories */
export function described(step, categories) {
  const name = step.name ?? categories.find(({ id }) => id === step.id)?.name ?? '';
  switch (step.kind) {
    case 'change':
      return step.fields.name === undefined ? `the change of “${name}”` : `the name “${step.fields.name}”`;
    case 'add':
      return `the label “${name}”`;
    case 'remove':
      return `the removal of “${name}”`;
    case 'merge':
      return `the merge of “${name}”`;
    case 'undo':
      return 'the undo';
    default:
      return `the place of “${name}”`;
  }
}

function changes(category, fields) {
  return Object.entries(fields).some(([field, value]) => !same(category[field], value));
}
