/** A row of the table of labels. It stays the same elements while its label changes: what is pressed is not lost. */
import { button } from '../page/controls.mjs';
import { h } from '../page/dom.mjs';
import { fromHex, toHex } from './hex.mjs';

const HANDLE = { class: 'mw-editor-handle', title: 'Drag to move', 'aria-hidden': 'true', text: '⠿' };

/**
 * @typedef {import('./api.mjs').UsedCategory} Category
 * @typedef {object} Acts what a row asks for
 * @property {(category: Category, fields: import('./steps.mjs').Fields) => void} change
 * @property {(category: Category, name: string) => void} rename
 * @property {(category: Category, by: number) => void} move
 * @property {(category: Category) => void} merge
 * @property {(category: Category) => void} remove
 *
 * @typedef {object} Look
 * @property {string} key its own, or by its place, or ''
 * @property {boolean} sortable
 * @property {boolean} unsaved
 * @property {boolean} closed it cannot be changed yet
 */

/**
 * @param {Category} category
 * @param {ReturnType<typeof import('./keycells.mjs').createKeyCells>} keyCells
 * @param {Acts} acts
 */
export function createRow(category, keyCells, acts) {
  let now = category;
  const key = keyCells.cell(() => now);
  const up = orderButton('↑', () => acts.move(now, -1));
  const down = orderButton('↓', () => acts.move(now, 1));
  const order = h('div', {}, [h('span', { ...HANDLE, draggable: 'true' }), up, down]);
  const colour = colourInput((chosen) => acts.change(now, { colour: chosen }));
  const name = nameInput(() => now, acts.rename);
  const mark = h('span', { class: 'mw-editor-mark', text: 'not saved' });
  const kind = kindSelect((is_thing) => acts.change(now, { is_thing }));
  const segments = h('td', { class: 'mw-editor-number' });
  const images = h('td', { class: 'mw-editor-number' });
  const merge = button({ name: 'Merge…', text: 'Merge…' }, () => acts.merge(now));
  const remove = button({ name: 'Remove', text: 'Remove' }, () => acts.remove(now));
  const element = h('tr', { 'data-id': category.id }, [
    h('td', { class: 'mw-editor-order' }, [order]),
    h('td', {}, [key.cap]),
    h('td', {}, [colour]),
    h('td', {}, [h('div', { class: 'mw-editor-named' }, [name, mark])]),
    h('td', {}, [kind]),
    segments,
    images,
    h('td', { class: 'mw-editor-actions' }, [merge, remove]),
  ]);

  /** Names each control after the label. */
  function callThem({ name: called, segments: seen, segments_on_deleted: unseen }) {
    callButton(up, `Move “${called}” up`);
    callButton(down, `Move “${called}” down`);
    callButton(merge, `Merge “${called}” into another label`);
    const isUsed = seen + unseen > 0;
    callButton(remove, isUsed ? `Remove “${called}”: its segments go to another label` : `Remove “${called}”`);
    remove.firstElementChild.textContent = isUsed ? 'Remove…' : 'Remove';
    for (const [control, what] of [[colour, 'Colour'], [name, 'Name'], [kind, 'Kind']]) {
      control.setAttribute('aria-label', `${what} of “${called}”`);
    }
  }

  return {
    element,
    /**
     * Shows the category as it is now, but leaves what is being typed or chosen.
     * @param {Category} shown
     * @param {Look} look
     */
    show(shown, look) {
      now = shown;
      callThem(shown);
      key.show(look.key);
      put(colour, toHex(shown.colour));
      put(name, shown.name);
      kind.value = shown.is_thing ? 'thing' : 'stuff';
      segments.textContent = shown.segments.toLocaleString('en');
      images.textContent = shown.images.toLocaleString('en');
      order.hidden = !look.sortable;
      mark.hidden = !look.unsaved;
      element.inert = look.closed;
    },
  };
}

function orderButton(text, run) {
  return button({ name: text, text, kind: 'mw-square' }, run);
}

function callButton(control, name) {
  control.title = name;
  control.setAttribute('aria-label', name);
}

/** @param {(colour: [number, number, number]) => void} choose */
function colourInput(choose) {
  const input = /** @type {HTMLInputElement} */ (h('input', { type: 'color', class: 'mw-editor-colour' }));
  input.addEventListener('change', () => choose(fromHex(input.value)));
  return input;
}

function nameInput(now, rename) {
  const look = { type: 'text', class: 'mw-editor-name', maxlength: 120, spellcheck: 'false', autocomplete: 'off' };
  const input = /** @type {HTMLInputElement} */ (h('input', look));
  input.addEventListener('change', () => {
    const name = input.value.trim();
    // What it is called is shown once the name is taken.
    input.value = now().name;
    rename(now(), name);
  });
  input.addEventListener('keydown', (event) => {
    if (event.key === 'Escape') input.value = now().name;
    if (event.key !== 'Enter' || event.isComposing) return;
    // It would press the button of a question that is asked about the name.
    event.preventDefault();
    input.blur();
  });
  return input;
}

function kindSelect(choose) {
  const options = ['thing', 'stuff'].map((kind) => h('option', { value: kind, text: kind }));
  const title = 'Things are counted one by one; stuff, like sky or road, is merged';
  const select = /** @type {HTMLSelectElement} */ (h('select', { class: 'mw-select', title }, options));
  select.addEventListener('change', () => choose(select.value === 'thing'));
  return select;
}

/** Shows a value, unless another is being typed or chosen. */
function put(input, value) {
  const isEdited = document.activeElement === input && input.value !== input.defaultValue;
  if (isEdited && input.value !== value) return;
  if (input.value !== value) input.value = value;
  input.defaultValue = value;
}
