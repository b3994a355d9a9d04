/** The film strip: the photos of the list as thumbnails with their state, a search, filters, and the set's progress. */
import { h } from './dom.mjs';
import { divided, initials } from './people.mjs';
import { STATES, stateText } from '../truth/states.mjs';
import { EMPTY_LISTING, MOST_SEARCHED, createListing } from '../session/listing.mjs';
import { same } from '../session/same.mjs';

// Typing goes on while the server is asked; one question a pause is enough.
const TYPING_MS = 250;
const NEAR_END_PX = 600;

/**
 * @param {ReturnType<typeof import('../truth/state.mjs').createStore>} store
 * @param {{api: {images: (query: object) => Promise<any>}, open: (id: number) => void,
 *   filtered: (filter: import('../session/listing.mjs').Filter) => void}} parts
 * @returns {HTMLElement}
 */
export function createFilm(store, { api, open, filtered }) {
  let listing = EMPTY_LISTING;
  const strip = h('div', { class: 'mw-strip', role: 'list', 'aria-label': 'Photos', onscroll: extendNearEnd });
  const count = h('span', { class: 'mw-muted', role: 'status' });
  const progress = h('progress', { class: 'mw-progress', max: 1, value: 0, 'aria-label': 'Progress of the set' });
  const list = createListing(api, (next) => {
    const [first, width] = [listing.images[0]?.id, strip.scrollWidth];
    listing = next;
    redraw();
    // What came in front must not push away what one looks at.
    if (first !== undefined && listing.images[0]?.id !== first && list.holds(first)) strip.scrollLeft += strip.scrollWidth - width;
  });
  const categories = h('select', { class: 'mw-select', 'aria-label': 'Photos with the label', onchange: choose });
  const states = select('Photos in the state', [['', 'every state'], ...Object.entries(STATES).map(stateOption)], choose);
  const order = select('Order of the photos', [['added', 'as uploaded'], ['name', 'by name']], choose);
  const search = h('input', {
    type: 'search',
    class: 'mw-search mw-film-search',
    placeholder: 'Find a photo',
    'aria-label': 'Find a photo by its name',
    maxlength: MOST_SEARCHED,
    oninput: debounced(choose),
    onkeydown: (event) => event.key === 'Escape' && leave(),
  });
  const element = h('section', { class: 'mw-film', 'aria-label': 'Film strip' }, [
    h('div', { class: 'mw-film-bar' }, [search, states, categories, order, progress, count]),
    strip,
  ]);

  function choose() {
    const filter = {};
    if (order.value !== 'added') filter.order = order.value;
    if (states.value) filter.state = states.value;
    if (categories.value) filter.category_id = Number(categories.value);
    if (search.value.trim()) filter.text = search.value.trim();
    // `usableFilter` has the names in this order too.
    if (!same(filter, store.state.filter)) filtered(filter);
  }

  function leave() {
    element.closest('.mw-root').focus({ preventScroll: true });
  }

  function fillCategories({ workspace, filter }) {
    const rows = (workspace?.categories ?? []).map(({ id, name }) => [String(id), name]);
    categories.replaceChildren(...[['', 'every label'], ['-1', 'unlabelled segments'], ...rows].map(option));
    categories.value = filter.category_id === undefined ? '' : String(filter.category_id);
  }

  function redraw() {
    const { image } = store.state;
    const focused = strip.contains(document.activeElement) ? document.activeElement.dataset.id : null;
    strip.replaceChildren(...listing.images.map((summary) => frame(summary)));
    if (focused) strip.querySelector(`[data-id="${focused}"]`)?.focus({ preventScroll: true });
    count.textContent = counted(listing, store.state.filter);
    Object.assign(progress, { max: Math.max(listing.total, 1), value: listing.done });
    mark(image?.id);
  }

  function frame(summary) {
    const others = divided(store.state.people, summary.id, store.state.workspace?.user).together;
    const state = STATES[summary.state] ?? STATES.new;
    const here = others.length > 0 ? `, ${others.join(' and ')} here` : '';
    return h('div', { role: 'listitem', class: 'mw-frame-item' }, [
      h(
        'button',
        {
          type: 'button',
          class: `mw-frame mw-is-${summary.state}`,
          'data-id': summary.id,
          title: `${summary.file_name} · ${state.text}${here}`,
          'aria-label': `${summary.file_name}, ${state.text}${here}`,
          onmousedown: (event) => event.preventDefault(),
          onclick: (event) => choosePhoto(event, summary.id),
          onkeydown: walk,
        },
        [
          h('img', { src: summary.thumbnail_url, alt: '', loading: 'lazy', decoding: 'async', draggable: 'false' }),
          h('span', { class: 'mw-frame-state', 'aria-hidden': 'true', text: state.sign }),
          others.length > 0 ? h('span', { class: 'mw-frame-people', 'data-initials': signs(others), 'aria-hidden': 'true' }) : null,
        ],
      ),
    ]);
  }

  function choosePhoto(event, id) {
    // After a search the next key is one for the photo, not for the search; a walk through the strip goes on.
    if (event.detail > 0) leave();
    open(id);
  }

  function walk(event) {
    const step = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
    if (event.key === 'Escape') leave();
    if (!step) return;
    event.preventDefault();
    event.stopPropagation();
    const frames = [...strip.querySelectorAll('.mw-frame')];
    frames[frames.indexOf(event.currentTarget) + step]?.focus();
  }

  function mark(id) {
    for (const one of strip.querySelectorAll('.mw-frame')) {
      const isOpen = Number(one.dataset.id) === id;
      one.setAttribute('aria-current', String(isOpen));
      one.tabIndex = isOpen ? 0 : -1;
    }
    const frames = strip.querySelectorAll('.mw-frame');
    if (frames.length > 0 && ![...frames].some((one) => one.tabIndex === 0)) frames[0].tabIndex = 0;
  }

  /** The open photo's frame in the middle, by the strip's own scrolling: scrollIntoView moves the page around it, too. */
  function reveal() {
    const item = strip.querySelector('[aria-current=true]')?.parentElement;
    if (item) strip.scrollLeft = item.offsetLeft + item.offsetWidth / 2 - strip.clientWidth / 2;
  }

  function extendNearEnd() {
    const { scrollLeft, scrollWidth, clientWidth } = strip;
    if (scrollLeft < NEAR_END_PX) void list.extend('before', store.state.filter).catch(() => {});
    if (scrollWidth - scrollLeft - clientWidth < NEAR_END_PX) void list.extend('after', store.state.filter).catch(() => {});
  }

  async function load() {
    if (!store.state.filmShown || !store.state.workspace) return;
    try {
      await list.around(store.state.image?.id ?? null, store.state.filter);
      // What came may be from before the last correction.
      if (store.state.image) list.note(store.state.image, store.state.filter);
      reveal();
    } catch (error) {
      count.textContent = `The list did not come: ${error.message}`;
    }
  }

  function showOpen({ image }) {
    if (!list.holds(image?.id)) {
      void load();
      return;
    }
    list.tidy(image.id);
    mark(image.id);
    reveal();
  }

  store.subscribe((state, before) => {
    const changed = (...names) => names.some((name) => state[name] !== before[name]);
    element.hidden = !state.filmShown;
    if (changed('categories')) fillCategories(state);
    if (changed('filter')) showFilter(state.filter);
    if (changed('filter', 'filmShown', 'workspace')) void load();
    else if (state.image?.id !== before.image?.id) showOpen(state);
    else if (changed('people')) redraw();
    if (changed('image') && state.image) list.note(state.image, state.filter);
  });

  function showFilter(filter) {
    states.value = filter.state ?? '';
    order.value = filter.order ?? 'added';
    categories.value = filter.category_id === undefined ? '' : String(filter.category_id);
    if (search.value.trim() !== (filter.text ?? '')) search.value = filter.text ?? '';
  }

  element.hidden = !store.state.filmShown;
  return element;
}

function counted({ matching, total, done }, filter) {
  const asked = ['state', 'category_id', 'text', 'tag'].some((name) => filter[name] !== undefined);
  const shown = asked ? `${matching.toLocaleString('en')} of ${total.toLocaleString('en')} photos` : `${total.toLocaleString('en')} photos`;
  return `${shown} · ${done.toLocaleString('en')} done`;
}

/** A thumbnail has room for two. @param {string[]} names */
function signs(names) {
  return names.length > 2 ? `${initials(names[0])} +${names.length - 1}` : names.map(initials).join(' ');
}

function select(name, rows, onchange) {
  return h('select', { class: 'mw-select', 'aria-label': name, onchange }, rows.map(option));
}

function option([value, text]) {
  return h('option', { value, text });
}

function stateOption([state]) {
  return [state, stateText(state)];
}

function debounced(run) {
  let timer = 0;
  return () => {
    clearTimeout(timer);
    timer = setTimeout(run, TYPING_MS);
  };
}
