/** What the model calls a mask: a proposal's own scores, or what was asked about a segment. */

/** As many as have a key. */
const MOST_SUGGESTIONS = 5;
// What is less likely is noise.
const LEAST_SCORE = 0.01;

/**
 * @typedef {{name: string, score: number, categoryId: number | null}} Suggestion null: not in the label set
 * @typedef {{imageId: number, counts: string, labels: {category_id: number, name: string, score: number}[]}} Asked
 *   the mask that was asked about, by its image and run lengths
 */

/**
 * @param {import('./state.mjs').State} state
 * @param {import('./items.mjs').Item} item
 * @returns {Suggestion[] | null} the likeliest first; null: nothing is known
 */
export function suggestionsFor(state, item) {
  if (item.kind === 'proposal') return ofProposal(state, item);
  if (!isAbout(state, item)) return null;
  const known = state.suggestions.labels.filter(
    ({ category_id: id, score }) => score >= LEAST_SCORE && state.categories.has(id),
  );
  return known.slice(0, MOST_SUGGESTIONS).map(({ category_id: categoryId, name, score }) => ({ categoryId, name, score }));
}

function ofProposal({ categories }, { class_scores: scores }) {
  const ids = new Map([...categories.values()].map(({ id, name }) => [name, id]));
  return scores.slice(0, MOST_SUGGESTIONS).map(([name, score]) => ({ name, score, categoryId: ids.get(name) ?? null }));
}

/** Whether what was asked about is this mask. */
function isAbout({ image, suggestions }, { counts }) {
  return suggestions !== null && suggestions.imageId === image?.id && suggestions.counts === counts;
}

/**
 * The segment about which the model should be asked: the one that is selected, without a label or drawn just now.
 * @param {import('./state.mjs').State} state
 * @returns {import('./items.mjs').Item | null}
 */
export function toAskAbout(state) {
  const { image, workspace, selection, categories, suggestFor } = state;
  if (!image || !workspace?.model || selection.length !== 1) return null;
  const item = image.segments.find(({ key }) => key === selection[0]);
  if (!item || isAbout(state, item)) return null;
  return !categories.has(item.category_id) || item.counts === suggestFor ? item : null;
}
