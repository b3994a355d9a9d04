/** What a correction was made on, and whether an image that somebody else has changed still is that. */

/**
 * @typedef {import('./corrections.mjs').Action} Action @typedef {import('./items.mjs').OpenImage} OpenImage
 * @typedef {object} Expectation what the person saw of the masks that the action names, in its order
 * @property {({category: number | null, counts: string} | null)[]} segments
 * @property {(string | null)[]} decisions of its proposals
 * @property {string} progress of the image, such as "open" or "done"
 */

const OF_THE_IMAGE = new Set(['done', 'approve', 'send_back', 'skip', 'delete_image', 'reopen']);

/** @param {OpenImage} image @param {{segments: number[], proposals: number[]}} action @returns {Expectation} */
export function expectation(image, { segments, proposals }) {
  return {
    segments: segments.map((id) => {
      const found = image.segments.find((segment) => segment.id === id);
      return found ? { category: found.category_id, counts: found.counts } : null;
    }),
    decisions: proposals.map((id) => image.proposals.find((proposal) => proposal.id === id)?.decision ?? null),
    progress: progressOf(image),
  };
}

/**
 * Why the action does not fit the image any more; '' when the image is already as the action would make it; null when
 * it fits. An action made on an image that was not open expects nothing.
 * @param {OpenImage} image
 * @param {Action & {expected: Expectation | null}} action
 */
export function misfit(image, action) {
  if (action.expected === null) return null;
  const now = expectation(image, action);
  if (isSo(image, now, action)) return '';
  if (OF_THE_IMAGE.has(action.operation)) {
    return now.progress === action.expected.progress ? null : `the photo is ${now.progress} now`;
  }
  for (const [index, before] of action.expected.segments.entries()) {
    const why = changed(before, now.segments[index]);
    if (why) return why;
  }
  for (const [index, before] of action.expected.decisions.entries()) {
    const decision = now.decisions[index];
    if (decision === null) return 'the model has made other proposals';
    if (decision !== before) return `the proposal is ${decision} now`;
  }
  return null;
}

function changed(before, now) {
  if (now === null) return 'its segment is gone';
  if (now.counts !== before?.counts) return 'the shape of its segment was changed';
  return now.category === before.category ? null : 'its segment was given another label';
}

const DECIDES = { accept: 'accepted', reject: 'rejected', defer: 'deferred' };

function isSo(image, now, action) {
  const { operation, segments, proposals } = action;
  if (DECIDES[operation]) return now.decisions.every((decision) => decision === DECIDES[operation]);
  if (operation === 'delete') return now.segments.every((segment) => segment === null);
  if (operation === 'done') return image.done === action.done;
  if (operation !== 'relabel' || proposals.length > 0) return false;
  return segments.length > 0 && now.segments.every((segment) => segment?.category === action.categoryId);
}

/** The first correction makes a new image one in work, which no decision about the image looks at. */
function progressOf({ state, done }) {
  if (state === undefined || state === 'new' || state === 'in_work') return done ? 'done' : 'open';
  return state.replace('_', ' ');
}
