/** The labels: those with keys at hand, and a search over all of them that also adds new ones. */
import { DIGITS } from '../commands/keys.mjs';
import { labelKeys } from '../labels/keys.mjs';
import { css } from '../stage/colours.mjs';
import { actionCap } from './controls.mjs';
import { h, keyCap } from './dom.mjs';
import { fuzzyFilter } from './fuzzy.mjs';

const AT_HAND = 10;
// More than anybody reads through; one more letter finds the rest.
const MOST_FOUND = 60;

/**
 * @param {ReturnType<typeof import('../truth/state.mjs').createStore>} store
 * @param {Record<string, (argument?: any) => unknown>} commands
 * @returns {{element: HTMLElement, focus: () => void}}
 */
export function createLabels(store, commands) {
  const list = h('div', { class: 'mw-labels', id: 'mw-labels', role: 'listbox', 'aria-label': 'Labels' });
  const note = h('p', { class: 'mw-muted', role: 'status', 'aria-live': 'polite' });
  const search = h('input', {
    type: 'search',
    class: 'mw-search',
    role: 'combobox',
    placeholder: 'Find or add a label',
    'aria-label': 'Find or add a label; Enter gives it to the selection',
    'aria-controls': 'mw-labels',
    'aria-autocomplete': 'list',
    'aria-expanded': 'false',
    autocomplete: 'off',
    spellcheck: 'false',
    oninput: () => show(0),
    onfocus: () => show(0),
    onkeydown: onKey,
    onblur: () => show(0),
  });
  /** @type {{category: any, key: string, run: () => void, name: string}[]} */
  let offered = [];
  let marked = 0;

  function show(index) {
    const choosing = document.activeElement === search;
    const query = search.value.trim();
    offered = choosing || query !== '' ? found(query) : atHand();
    marked = Math.max(0, Math.min(index, offered.length - 1));
    list.classList.toggle('mw-found', choosing);
    const rows = offered.map((offer, at) => row(offer, at, choosing && at === marked));
    list.replaceChildren(...rows);
    list.hidden = rows.length === 0;
    search.setAttribute('aria-expanded', String(choosing));
    if (choosing && rows.length > 0) search.setAttribute('aria-activedescendant', rows[marked].id);
    else search.removeAttribute('aria-activedescendant');
    if (choosing) rows[marked]?.scrollIntoView({ block: 'nearest' });
    tell(query);
  }

  function tell(query) {
    const total = store.state.workspace?.categories.length ?? 0;
    if (total === 0 && query === '') note.textContent = 'The label set is empty: type a name to add the first.';
    else if (offered.length >= MOST_FOUND) note.textContent = `The first ${MOST_FOUND} of ${total} labels; type to find others.`;
    else note.textContent = '';
    note.hidden = note.textContent === '';
  }

  const categories = () => store.state.workspace?.categories ?? [];

  function offer(category, key) {
    return { category, key, name: category.name, run: () => commands.label(category.id) };
  }

  /** The ten on digits; where more have keys, those too, and the ones used last when there is room. */
  function atHand() {
    const keys = labelKeys(categories());
    const keyed = [...keys].sort(([a], [b]) => rank(a) - rank(b)).map(([key, category]) => offer(category, key));
    const shown = new Set(keyed.map(({ category }) => category));
    const recent = recentCategories().filter((category) => !shown.has(category));
    const room = Math.max(0, AT_HAND + 4 - keyed.length);
    return [...keyed, ...recent.slice(0, room).map((category) => offer(category, ''))];
  }

  function recentCategories() {
    const { recentLabels, categories: byId } = store.state;
    return recentLabels.map((id) => byId.get(id)).filter(Boolean);
  }

  function found(query) {
    const keys = new Map([...labelKeys(categories())].map(([key, category]) => [category.id, key]));
    const recent = recentCategories();
    const all = [...recent, ...categories().filter((category) => !recent.includes(category))];
    const matches = query === '' ? all.slice(0, MOST_FOUND) : fuzzyFilter(query, all, MOST_FOUND);
    const offers = matches.map((category) => offer(category, keys.get(category.id) ?? ''));
    const taken = categories().some(({ name }) => name.toLowerCase() === query.toLowerCase());
    if (query === '' || taken) return offers;
    return [...offers, { category: null, key: '', name: `+ add “${query}”`, run: () => commands.addLabel(query) }];
  }

  function row({ category, key, name, run }, at, isMarked) {
    const swatch = h('span', { class: category ? 'mw-swatch' : 'mw-swatch mw-dashed' });
    if (category) swatch.style.background = css(category.colour);
    return h(
      'button',
      {
        type: 'button',
        id: `mw-label-${at}`,
        class: 'mw-label',
        role: 'option',
        tabindex: -1,
        title: category ? `${category.name} (${category.is_thing ? 'thing' : 'stuff'})` : name,
        'aria-selected': String(isMarked),
        onmousedown: (event) => event.preventDefault(),
        onclick: () => give(run),
      },
      [key ? capOf(key) : null, swatch, h('span', { class: 'mw-name-text', text: name })],
    );
  }

  function give(run) {
    leave();
    run();
  }

  function leave() {
    search.value = '';
    list.closest('.mw-root').focus({ preventScroll: true });
    show(0);
  }

  function onKey(event) {
    if (event.isComposing) return;
    const step = { ArrowDown: 1, ArrowUp: -1, PageDown: 8, PageUp: -8 }[event.key];
    if (step) show(marked + step);
    else if (event.key === 'Enter' && offered.length > 0) give(offered[marked].run);
    else if (event.key === 'Escape') leave();
    else return;
    event.preventDefault();
    event.stopPropagation();
  }

  store.subscribe((state, before) => {
    if (state.categories !== before.categories || state.recentLabels !== before.recentLabels) show(marked);
  });
  return {
    element: h('section', { class: 'mw-section mw-labelling', 'aria-label': 'Label' }, [
      h('div', { class: 'mw-search-box' }, [search, actionCap('search')]),
      list,
      note,
    ]),
    focus() {
      search.focus();
      search.select();
    },
  };
}

/** Digits as they lie on the keyboard, then other keys. */
function rank(key) {
  const place = DIGITS.indexOf(key);
  return place < 0 ? DIGITS.length : place;
}

/** A label's digit stands for the key that this action has; its other keys for themselves. */
function capOf(key) {
  const place = DIGITS.indexOf(key);
  return place < 0 ? keyCap(key) : actionCap('digit', place);
}
