/** What the model calls the selected mask, as rows that label it. */
import { h, keyCap } from './dom.mjs';
import { keyFor } from '../commands/bindings.mjs';
import { suggestionsFor } from '../truth/suggestions.mjs';

/**
 * @param {import('../truth/items.mjs').Item} item
 * @param {import('../truth/state.mjs').State} state
 * @param {Record<string, (argument?: any) => unknown>} commands
 * @returns {HTMLElement | null} null without suggestions
 */
export function suggestionList(item, state, commands) {
  const offered = suggestionsFor(state, item);
  if (!offered || offered.length === 0) return null;
  const accepts = item.kind === 'proposal' ? 'accepts with' : 'gives';
  const help = `What the model thinks; a click ${accepts} that label`;
  const rows = offered.map((one, place) => suggestionRow(one, place, commands));
  return h('div', { class: 'mw-scores', role: 'group', 'aria-label': help }, rows);
}

function suggestionRow({ name, score, categoryId }, place, commands) {
  const bar = h('span', { class: 'mw-bar' });
  bar.style.width = `${Math.max(score * 100, 1)}%`;
  const percent = `${Math.round(score * 100)} %`;
  const key = keyFor('score', place);
  return h(
    'button',
    {
      type: 'button',
      class: 'mw-score',
      disabled: categoryId === null,
      title: categoryId === null ? `${name} is not in the label set` : `Label as ${name}${key && ` (${key})`}`,
      'data-action': `score ${name}`,
      // A click must not take the keyboard away from the canvas.
      onmousedown: (event) => event.preventDefault(),
      onclick: () => commands.label(categoryId),
    },
    [
      bar,
      h('span', { class: 'mw-score-name', text: name }),
      h('span', { text: percent }),
      key && categoryId !== null ? keyCap(key) : null,
    ],
  );
}
