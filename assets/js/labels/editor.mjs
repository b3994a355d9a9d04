/** The Labels page: the label set, where each change is saved when it is made and can be undone. */
import { createBindings } from '../commands/bindings.mjs';
import { button } from '../page/controls.mjs';
import { h, tell } from '../page/dom.mjs';
import { fuzzyFilter } from '../page/fuzzy.mjs';
import { loadStyles } from '../page/styles.mjs';
import { createPreferences } from '../session/preferences.mjs';
import { createLabelSetApi } from './api.mjs';
import { createChanging } from './changing.mjs';
import { createLog } from './log.mjs';
import { createMerging } from './merging.mjs';
import { mistakable } from './names.mjs';
import { createQuestion } from './question.mjs';
import { createTable } from './table.mjs';

const LOOK_AGAIN_MS = 5000;

/**
 * Builds the page inside the element's `.mw-root`; a second call on the same element does nothing.
 * @param {HTMLElement} element
 */
export async function mount(element) {
  const root = element.matches('.mw-root') ? element : element.querySelector('.mw-root');
  if (root.maskwright) return;
  const bindings = createBindings(createPreferences());
  const changing = createChanging({ api: createLabelSetApi('/api/v1/'), changed: show, say });
  const { push: change, undo: takeBack } = changing;
  root.maskwright = { state: () => changing.labelSet, waiting: () => changing.waiting };

  const said = h('p', { class: 'mw-editor-said', role: 'status', 'aria-live': 'polite' });
  const trouble = h('span');
  const again = h('button', { type: 'button', class: 'mw-button', text: 'Try again now', onclick: lookAgain });
  const unsaved = h('div', { class: 'mw-editor-unsaved', role: 'alert', hidden: true }, [trouble, again]);
  const count = h('span', { class: 'mw-muted' });
  const search = textBox('search', 'Find a label');
  search.addEventListener('input', show);
  const fresh = textBox('text', 'Name of a new label');
  const undo = button({ name: 'Undo the last change', text: 'Undo', sign: 'undo' }, takeBack);
  const merging = createMerging((from, into) => void change({ kind: 'merge', id: from.id, into_id: into.id }));
  const merge = (category) => merging.open(category, changing.labelSet.categories);
  const question = createQuestion();
  const table = createTable({ bindings, change, say, rename, merge });
  const log = createLog();

  function say(text, kind = 'hint') {
    said.textContent = text;
    said.classList.toggle('mw-failing', kind === 'error');
  }

  function show() {
    showTrouble();
    const { labelSet } = changing;
    if (!labelSet) return;
    const { categories, undoable, changes } = labelSet;
    const query = search.value.trim();
    const shown = query === '' ? categories : fuzzyFilter(query, categories, categories.length);
    const marked = changing.trouble === null ? new Set() : changing.unsaved;
    table.show(shown, { all: categories, sortable: query === '', unsaved: marked, closed: changing.closed });
    count.textContent = categories.length === 1 ? '1 label' : `${categories.length} labels`;
    undo.setAttribute('aria-disabled', String(!undoable && changing.waiting === 0));
    undo.title = undoable ? `Undo: ${undoable.told} (Ctrl+Z)` : 'Nothing to undo';
    log.show(changes);
  }

  function showTrouble() {
    const text = changing.trouble;
    unsaved.hidden = text === null;
    tell(trouble, text ?? '');
  }

  /**
   * Whether a name that could be taken for another's is meant.
   * @param {string} name
   * @param {number} [own] the id of the label that gets it
   */
  async function isMeant(name, own) {
    if (!changing.labelSet) await changing.look();
    const other = mistakable(name, changing.labelSet.categories, own);
    if (!other) return true;
    const why = `There is a label “${other.name}” already: the two differ in capitals or blanks only.`;
    return question.ask(`“${name}” beside “${other.name}”?`, why, `Use “${name}” all the same`);
  }

  async function rename({ id, name: old }, name) {
    if (name === '') say('A label needs a name.', 'error');
    else if (name !== old && (await isMeant(name, id))) void change({ kind: 'change', id, fields: { name } });
    else if (name !== old) say(`“${old}” keeps its name.`);
  }

  async function add(event) {
    event.preventDefault();
    const name = fresh.value.trim();
    if (name === '') say('Type the new label’s name first.');
    else if (await isMeant(name).catch(failed)) void addNow(name);
    fresh.focus();
  }

  async function addNow(name) {
    if (fresh.value.trim() !== name) return; // added already, by an Enter before this one
    fresh.value = '';
    const adding = change({ kind: 'add', name });
    table.reveal(changing.labelSet.categories.at(-1).id);
    if ((await adding) || fresh.value !== '') return;
    fresh.value = name;
  }

  function lookAgain() {
    changing.look().catch(() => {});
  }

  const failed = (error) => say(`The labels could not be read: ${error.message}`, 'error');

  document.addEventListener('keydown', (event) => {
    const typing = event.target.closest('input[type=text], input[type=search], dialog');
    if ((event.ctrlKey || event.metaKey) && !event.shiftKey && event.key.toLowerCase() === 'z' && !typing) {
      event.preventDefault();
      takeBack();
    }
  });

  await loadStyles(['base', 'bar', 'panel', 'labels']);
  root.replaceChildren(
    h('div', { class: 'mw-editor-bar' }, [
      h('h1', { class: 'mw-editor-title', text: 'Labels' }),
      count,
      search,
      h('form', { class: 'mw-editor-add', onsubmit: add }, [
        fresh,
        h('button', { type: 'submit', class: 'mw-button mw-primary', text: 'Add' }),
      ]),
      undo,
    ]),
    unsaved,
    said,
    h('div', { class: 'mw-editor-body' }, [table.element, log.element]),
    merging.element,
    question.element,
  );
  await changing.look().catch(failed);
  const lookAtTimes = () => document.visibilityState === 'visible' && lookAgain();
  setInterval(lookAtTimes, LOOK_AGAIN_MS);
  document.addEventListener('visibilitychange', lookAtTimes);
  window.addEventListener('online', lookAgain);
  window.addEventListener('beforeunload', (event) => {
    if (changing.waiting > 0) event.preventDefault();
  });
}

function textBox(type, name) {
  const look = { type, class: 'mw-search', placeholder: name, 'aria-label': name, maxlength: 120 };
  return /** @type {HTMLInputElement} */ (h('input', { ...look, autocomplete: 'off', spellcheck: 'false' }));
}
