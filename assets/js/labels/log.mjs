/** What was changed in the label set, the newest first. */
import { h } from '../page/dom.mjs';

/** @returns {{element: HTMLElement, show: (changes: import('./api.mjs').LabelChange[]) => void}} */
export function createLog() {
  const list = h('ol', { class: 'mw-log-list' });
  const element = h('section', { class: 'mw-log', 'aria-label': 'Changes' }, [
    h('h2', { class: 'mw-log-title', text: 'Changes' }),
    list,
  ]);
  return {
    element,
    show(changes) {
      const rows = changes.map(({ told, user, at, undone }) =>
        h('li', { class: undone ? 'mw-log-row mw-undone' : 'mw-log-row' }, [
          h('span', { text: undone ? `${told} (undone)` : told }),
          h('span', { class: 'mw-muted', text: `${user}, ${momentOf(at)}` }),
        ]),
      );
      list.replaceChildren(...rows);
      if (rows.length === 0) list.replaceChildren(h('li', { class: 'mw-muted', text: 'Nothing was changed yet.' }));
    },
  };
}

function momentOf(at) {
  const moment = new Date(at);
  const today = moment.toDateString() === new Date().toDateString();
  const options = today ? { timeStyle: 'short' } : { dateStyle: 'medium', timeStyle: 'short' };
  return moment.toLocaleString(undefined, options);
}
