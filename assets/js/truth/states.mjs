/** How far a photo is, in words and signs; never by colour alone. */

/** @type {Record<string, {text: string, sign: string}>} */
export const STATES = {
  new: { text: 'new', sign: '○' },
  in_work: { text: 'in work', sign: '◐' },
  done: { text: 'done', sign: '✓' },
  approved: { text: 'approved', sign: '★' },
  sent_back: { text: 'sent back', sign: '↩' },
  skipped: { text: 'skipped', sign: '⤼' },
  deleted: { text: 'deleted', sign: '✕' },
};

/** @param {string} state */
export function stateText(state) {
  return STATES[state]?.text ?? state;
}
