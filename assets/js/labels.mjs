/** The labels: ten on the digits, and a search over all of them. */
import { css } from './colours.mjs';
import { h, keyCap } from './dom.mjs';
import { fuzzyFilter } from './fuzzy.mjs';
import { BINDINGS } from './keys.mjs';

const SHOWN_MATCHES = 10;
const DIGITS = BINDINGS.filter(({ action }) => action === 'digit').map(({ keys }) => keys[0]);

/**
 * @param {ReturnType<typeof import('./state.mjs').createStore>} store
 * @param {Record<string, (argument?: any) => unknown>} commands
 * @returns {{element: HTMLElement, focus: () => void}}
 */
export function createLabels(store, commands) {
  const list = h('div', { class: 'mw-labels', id: 'mw-labels', role: 'listbox', 'aria-label': 'Labels' });
  const search = h('input', {
    type: 'search',
    class: 'mw-search',
    placeholder: 'Find a label',
    'aria-label': 'Find a label; Enter gives it to the selection',
    'aria-keyshortcuts': '/',
    'aria-controls': 'mw-labels',
    autocomplete: 'off',
    spellcheck: 'false',
    oninput: () => show(0),
    onkeydown: onKey,
    onblur: () => show(0),
  });
  let matches = [];
  let marked = 0;

  function show(index) {
    const categories = store.state.workspace?.categories ?? [];
    const query = search.value.trim();
    matches = query === '' ? categories.slice(0, SHOWN_MATCHES) : fuzzyFilter(query, categories, SHOWN_MATCHES);
    marked = Math.max(0, Math.min(index, matches.length - 1));
    const choosing = document.activeElement === search;
    list.classList.toggle('mw-found', query !== '');
    const none = categories.length === 0 ? 'The label set is empty; extend it on the Labels page.' : 'No label fits.';
    const digits = query === '' ? DIGITS : [];
    const rows = matches.map((category, at) => row(category, digits[at], choosing && at === marked));
    list.replaceChildren(...(rows.length > 0 ? rows : [h('p', { class: 'mw-muted', text: none })]));
  }

  function row(category, digit, isMarked) {
    const swatch = h('span', { class: 'mw-swatch' });
    swatch.style.background = css(category.colour);
    return h(
      'button',
      {
        type: 'button',
        class: 'mw-label',
        role: 'option',
        tabindex: -1,
        title: `${category.name} (${category.is_thing ? 'thing' : 'stuff'})`,
        'aria-selected': String(isMarked),
        onmousedown: (event) => event.preventDefault(),
        onclick: () => give(category),
      },
      [digit ? keyCap(digit) : null, swatch, h('span', { class: 'mw-name-text', text: category.name })],
    );
  }

  function give(category) {
    leave();
    commands.label(category.id);
  }

  function leave() {
    search.value = '';
    show(0);
    list.closest('.mw-root').focus({ preventScroll: true });
  }

  function onKey(event) {
    const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    if (step) show(marked + step);
    else if (event.key === 'Enter' && matches.length > 0) give(matches[marked]);
    else if (event.key === 'Escape') leave();
    else return;
    event.preventDefault();
    event.stopPropagation();
  }

  store.subscribe((state, before) => {
    if (state.categories !== before.categories) show(0);
  });
  return {
    element: h('section', { class: 'mw-section', 'aria-label': 'Label' }, [
      h('div', { class: 'mw-search-box' }, [search, keyCap('/')]),
      list,
    ]),
    focus() {
      search.focus();
      search.select();
      show(0);
    },
  };
}
