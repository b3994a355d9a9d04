/**
 * The page's state and how events change it: a pure reducer. `base` is the image as the server confirmed it,
 * `image` the same with the corrections that are still on their way.
 */
import { applyAhead, applyAnswer } from './corrections.mjs';
import { findItem } from './items.mjs';

/** @typedef {ReturnType<typeof initialState>} State */

export function initialState() {
  return {
    workspace: /** @type {any} */ (null),
    categories: /** @type {Map<number, import('./views.mjs').Category>} */ (new Map()),
    base: /** @type {import('./items.mjs').OpenImage | null} */ (null),
    image: /** @type {import('./items.mjs').OpenImage | null} */ (null),
    photo: /** @type {HTMLImageElement | null} */ (null),
    // What the server called the segments that the page had named provisionally.
    names: /** @type {Map<number, number>} */ (new Map()),
    pending: /** @type {import('./corrections.mjs').Action[]} */ ([]),
    saving: { pending: 0, reason: /** @type {string | null} */ (null), saved: false },
    proposing: { state: 'ready', message: '' },
    view: /** @type {import('./views.mjs').View} */ ('instance'),
    threshold: 0.5,
    opacity: 0.55,
    masksShown: true,
    hidden: /** @type {Set<string>} */ (new Set()),
    selection: /** @type {string[]} */ ([]),
    // The proposal after which the walk goes on, once the segment made of it has its label.
    awaitingLabel: /** @type {number | null} */ (null),
    lastCategory: /** @type {number | null} */ (null),
    message: { text: '', kind: 'hint' },
    empty: false,
    // When the open image was asked for, on performance.now()'s clock.
    askedAt: 0,
  };
}

const EVENTS = {
  workspace: (state, { workspace }) => ({
    ...state,
    workspace,
    categories: new Map(workspace.categories.map((category) => [category.id, category])),
    threshold: workspace.default_threshold,
  }),
  opened: (state, { image, photo, askedAt }) =>
    shown({
      ...state,
      base: image,
      photo,
      askedAt,
      proposing: image.proposing,
      selection: [],
      hidden: new Set(),
      awaitingLabel: null,
      message: { text: '', kind: 'hint' },
    }),
  refetched: (state, { image }) => pruned(shown({ ...state, base: image, proposing: image.proposing })),
  closed: (state) => ({ ...state, base: null, image: null, photo: null, selection: [] }),
  proposing: (state, { proposing }) => ({ ...state, proposing }),
  acted: (state, { action }) => shown({ ...state, pending: [...state.pending, action] }),
  saved: (state, { action, answer, named }) => {
    const base = state.base?.id === action.imageId ? applyAnswer(state.base, answer) : state.base;
    const keys = new Map([...named].map(([before, after]) => [`s${before}`, `s${after}`]));
    return pruned(
      shown({
        ...state,
        base,
        saving: { ...state.saving, saved: true },
        names: new Map([...state.names, ...named]),
        pending: state.pending.filter((other) => other !== action),
        selection: state.selection.map((key) => keys.get(key) ?? key),
        hidden: new Set([...state.hidden].map((key) => keys.get(key) ?? key)),
      }),
    );
  },
  dropped: (state, { actions }) =>
    pruned(
      shown({
        ...state,
        saving: { ...state.saving, saved: false },
        pending: state.pending.filter((action) => !actions.includes(action)),
      }),
    ),
  saving: (state, { status }) => ({ ...state, saving: { ...state.saving, ...status } }),
  select: (state, { keys, awaitingLabel = null }) => ({ ...state, selection: keys, awaitingLabel }),
  hidden: (state, { hidden }) => ({ ...state, hidden }),
  set: (state, { values }) => ({ ...state, ...values }),
  say: (state, { text, kind = 'hint' }) => ({ ...state, message: { text, kind } }),
};

/** @param {State} state @param {{type: keyof typeof EVENTS}} event @returns {State} */
export function reduce(state, event) {
  return EVENTS[event.type](state, event);
}

function shown(state) {
  if (!state.base) return { ...state, image: null };
  const mine = state.pending.filter((action) => action.imageId === state.base.id);
  const image = mine.map((action) => withNames(action, state.names)).reduce(applyAhead, state.base);
  return { ...state, image };
}

/**
 * The action with the server's names for segments, as far as they are known.
 * @param {import('./corrections.mjs').Action} action
 * @param {Map<number, number>} names
 */
export function withNames(action, names) {
  return { ...action, segments: action.segments.map((id) => names.get(id) ?? id) };
}

function pruned(state) {
  const there = (key) => findItem(state.image, key) !== undefined;
  return { ...state, selection: state.selection.filter(there), hidden: new Set([...state.hidden].filter(there)) };
}

/** A place for one state; listeners hear of every change. */
export function createStore() {
  let state = initialState();
  const listeners = [];
  return {
    get state() {
      return state;
    },
    dispatch(event) {
      const before = state;
      state = reduce(state, event);
      for (const listener of listeners) listener(state, before);
    },
    subscribe: (listener) => listeners.push(listener),
  };
}
