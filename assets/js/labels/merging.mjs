/** Merging two labels: what it touches is said before. */
import { h } from '../page/dom.mjs';

/**
 * @param {(from: import('./api.mjs').UsedCategory, into: import('./api.mjs').UsedCategory) => void} merge
 */
export function createMerging(merge) {
  const title = h('h2', { class: 'mw-merge-title' });
  const select = h('select', { class: 'mw-select', 'aria-label': 'Label that gets its segments', onchange: tell });
  const touched = h('p', { class: 'mw-merge-told', role: 'status', 'aria-live': 'polite' });
  const go = h('button', { type: 'submit', class: 'mw-button mw-primary', text: 'Merge' });
  const stop = h('button', { type: 'button', class: 'mw-button', text: 'Cancel', onclick: () => dialog.close() });
  const dialog = /** @type {HTMLDialogElement} */ (
    h('dialog', { class: 'mw-merge', 'aria-label': 'Merge labels' }, [
      h('form', { method: 'dialog', onsubmit: submit }, [
        title,
        h('label', { class: 'mw-group' }, [h('span', { text: 'into' }), select]),
        touched,
        h('div', { class: 'mw-group mw-merge-buttons' }, [stop, go]),
      ]),
    ])
  );
  let from = /** @type {import('./api.mjs').UsedCategory | null} */ (null);
  let others = /** @type {import('./api.mjs').UsedCategory[]} */ ([]);

  const chosen = () => others[select.selectedIndex];

  function tell() {
    touched.textContent = whatBecomes(from, chosen());
  }

  function submit() {
    merge(from, chosen());
  }

  return {
    element: dialog,
    /** @param {import('./api.mjs').UsedCategory} category @param {import('./api.mjs').UsedCategory[]} categories */
    open(category, categories) {
      from = category;
      others = categories.filter((other) => other.id !== category.id);
      title.textContent = `Merge “${category.name}”`;
      select.replaceChildren(...others.map(({ name, id }) => h('option', { value: id, text: name })));
      go.disabled = others.length === 0;
      touched.textContent = others.length === 0 ? 'There is no other label; add one first.' : '';
      if (others.length > 0) tell();
      dialog.showModal();
      select.focus();
    },
  };
}

/**
 * Such as: 38 segments in 12 images become “car”; the label “lorry” goes.
 * @param {{name: string, is_thing: boolean, segments: number, images: number, segments_on_deleted: number}} from
 * @param {{name: string, is_thing: boolean}} into
 */
export function whatBecomes(from, into) {
  const number = (count, word) => `${count.toLocaleString('en')} ${word}${count === 1 ? '' : 's'}`;
  const hidden = from.segments_on_deleted;
  const become = from.segments + hidden === 1 ? 'becomes' : 'become';
  const kind = from.is_thing === into.is_thing ? '' : ` They are ${into.is_thing ? 'things' : 'stuff'} then.`;
  if (from.segments + hidden === 0) return `No segment has “${from.name}”. The label goes; Undo brings it back.`;
  const seen = from.segments > 0 ? [`${number(from.segments, 'segment')} in ${number(from.images, 'image')}`] : [];
  const unseen = hidden > 0 ? [`${number(hidden, 'segment')} on deleted images`] : [];
  const touched = `${[...seen, ...unseen].join(' and ')} ${become} “${into.name}”.`;
  return `${touched}${kind} The label “${from.name}” goes. Undo gives both back.`;
}
