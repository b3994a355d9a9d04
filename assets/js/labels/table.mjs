/** The table of labels: a row each, every cell changed in its place. */
import { h } from '../page/dom.mjs';
import { createKeyCells } from './keycells.mjs';
import { labelKeys } from './keys.mjs';
import { createRow } from './row.mjs';
import { makeSortable } from './sorting.mjs';

/**
 * @param {object} parts
 * @param {ReturnType<typeof import('../commands/bindings.mjs').createBindings>} parts.bindings
 * @param {(step: import('./steps.mjs').Step) => unknown} parts.change saves one step
 * @param {(text: string, kind?: string) => void} parts.say
 * @param {(category: import('./api.mjs').UsedCategory, name: string) => void} parts.rename
 * @param {(category: import('./api.mjs').UsedCategory) => void} parts.merge asks into which
 */
export function createTable({ bindings, change, say, rename, merge }) {
  const body = h('tbody');
  const heads = ['Order', 'Key', 'Colour', 'Name', 'Kind', 'Segments', 'Images', 'Actions'];
  const head = h('tr', {}, heads.map((text) => h('th', { scope: 'col', text })));
  const element = h('div', { class: 'mw-editor-scroll', tabindex: 0, role: 'region', 'aria-label': 'Labels' }, [
    h('table', { class: 'mw-editor-table' }, [h('thead', {}, [head]), body]),
  ]);
  const altered = ({ id }, fields) => void change({ kind: 'change', id, fields });
  const keyCells = createKeyCells({ bindings, say, change: altered, labels: () => whole });
  let whole = /** @type {import('./api.mjs').UsedCategory[]} */ ([]);
  let rows = /** @type {Map<number, ReturnType<typeof createRow>>} */ (new Map());
  makeSortable(body, (id, before) => {
    const isAdded = before !== null && before < 0;
    void change({ kind: 'place', id, before: isAdded ? null : before });
  });

  const acts = {
    change: altered,
    rename,
    move: ({ id }, by) => void change({ kind: 'move', id, by }),
    merge,
    remove: (category) =>
      category.segments + category.segments_on_deleted > 0
        ? merge(category)
        : void change({ kind: 'remove', id: category.id }),
  };

  /** The row with the keyboard does not move: that would take its focus. */
  function order(elements) {
    const kept = elements.find((row) => row.contains(document.activeElement));
    let at = body.firstElementChild;
    for (const row of elements) {
      while (row === kept && at !== kept) at = dropped(at);
      if (row === at) at = at.nextElementSibling;
      else body.insertBefore(row, at);
    }
    while (at) at = dropped(at);
  }

  function dropped(row) {
    const next = row.nextElementSibling;
    row.remove();
    return next;
  }

  return {
    element,
    /**
     * @param {import('./api.mjs').UsedCategory[]} shown
     * @param {object} among
     * @param {import('./api.mjs').UsedCategory[]} among.all
     * @param {boolean} among.sortable
     * @param {Set<number>} among.unsaved ids
     * @param {Set<number>} among.closed ids of those that cannot be changed yet
     */
    show(shown, { all, sortable, unsaved, closed }) {
      whole = all;
      const keys = new Map([...labelKeys(all)].map(([key, { id }]) => [id, key]));
      const inside = body.contains(document.activeElement);
      rows = new Map(shown.map((one) => [one.id, rows.get(one.id) ?? createRow(one, keyCells, acts)]));
      for (const category of shown) {
        const { id } = category;
        const key = keys.get(id) ?? '';
        rows.get(id).show(category, { key, sortable, unsaved: unsaved.has(id), closed: closed.has(id) });
      }
      order([...rows.values()].map((row) => row.element));
      if (inside && !body.contains(document.activeElement)) element.focus({ preventScroll: true });
    },
    reveal: (id) => rows.get(id)?.element.scrollIntoView({ block: 'nearest' }),
  };
}
