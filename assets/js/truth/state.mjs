/**
 * The page's state and how events change it: a pure reducer. `base` is the image as the server confirmed it,
 * `image` the same with the corrections that are still on their way.
 */
import { recoloured } from '../stage/colours.mjs';
import { applyAhead, applyAnswer } from './corrections.mjs';
import { findItem } from './items.mjs';
import { isFromLog, standing, withNames } from './standing.mjs';

/** @typedef {ReturnType<typeof initialState>} State */

export function initialState() {
  return {
    workspace: /** @type {any} */ (null),
    categories: /** @type {Map<number, import('./views.mjs').Category>} */ (new Map()),
    base: /** @type {import('./items.mjs').OpenImage | null} */ (null),
    image: /** @type {import('./items.mjs').OpenImage | null} */ (null),
    photo: /** @type {import('../stage/photo.mjs').Photo | null} */ (null),
    // What the server called the segments that the page had named provisionally.
    names: /** @type {Map<number, number>} */ (new Map()),
    pending: /** @type {import('./corrections.mjs').Action[]} */ ([]),
    saving: { pending: 0, reason: /** @type {string | null} */ (null), saved: false, kept: 0 },
    // Corrections that could not be applied, kept for the person to look at.
    unsent: /** @type {import('../session/keeper.mjs').Entry[]} */ ([]),
    keptForOthers: /** @type {{user: string, number: number}[]} */ ([]),
    // Whether this browser keeps corrections while the server does not answer.
    keeping: true,
    online: true,
    proposing: { state: 'ready', message: '' },
    view: /** @type {import('./views.mjs').View} */ ('instance'),
    threshold: 0.5,
    opacity: 0.55,
    outlines: true,
    // Only the selection is shown, as long as there is one.
    isolated: false,
    minimap: true,
    // Of the photo alone; 1: as it is.
    brightness: 1,
    contrast: 1,
    palette: /** @type {'label' | 'safe'} */ ('label'),
    theme: /** @type {'auto' | 'light' | 'dark'} */ ('auto'),
    masksShown: true,
    hidden: /** @type {Set<string>} */ (new Set()),
    selection: /** @type {string[]} */ ([]),
    // The page selected it, as what to look at next; nobody chose it yet.
    offered: false,
    // Of the pointer: "select", or one of tools/tools.mjs.
    tool: 'select',
    // Photo pixels.
    brushSize: 32,
    // A pen's pressure sets the width of a stroke; asked only where a pen was seen.
    pressure: true,
    penSeen: false,
    // Drawing takes away without Alt held.
    subtracts: false,
    // The keyboard's pointer, a photo pixel.
    crosshair: /** @type {[number, number] | null} */ (null),
    // The proposal after which the walk goes on, once the segment made of it has its label; a drawn region is let go.
    awaitingLabel: /** @type {number | 'drawn' | null} */ (null),
    lastCategory: /** @type {number | null} */ (null),
    // Ids of categories, the one used last first.
    recentLabels: /** @type {number[]} */ ([]),
    // What the model said of a segment, and the run lengths of one that it is to be asked about whatever its label.
    suggestions: /** @type {import('./suggestions.mjs').Asked | null} */ (null),
    suggestFor: /** @type {string | null} */ (null),
    // What the check found out last, and which of its problems is at hand.
    findings: /** @type {import('../page/checking.mjs').Findings | null} */ (null),
    problem: /** @type {string | null} */ (null),
    // A region that is pointed at, until something is selected or done.
    marked: /** @type {{mask: import('../masks/masks.mjs').Mask, bbox: import('../masks/masks.mjs').Box} | null} */ (null),
    message: { text: '', kind: 'hint' },
    empty: false,
    // Which photos the film strip and the keys go through.
    filter: /** @type {import('../session/listing.mjs').Filter} */ ({}),
    filmShown: true,
    panelTab: /** @type {'label' | 'check' | 'history'} */ ('label'),
    // In a window without room for it beside the photo.
    panelShown: false,
    people: /** @type {{user: string, image_id: number | null, you: boolean}[]} */ ([]),
    loggedOut: false,
    // The photo that is being opened.
    opening: /** @type {number | null} */ (null),
    // When the open image was asked for, on performance.now()'s clock.
    askedAt: 0,
  };
}

const EVENTS = {
  workspace: (state, { workspace }) => ({
    ...withLabels(state, workspace, state.palette),
    threshold: workspace.default_threshold,
  }),
  labels: (state, { workspace }) => withLabels(state, workspace, state.palette),
  palette: (state, { palette }) => (state.workspace ? withLabels(state, state.workspace, palette) : { ...state, palette }),
  opened: (state, { image, photo, askedAt }) =>
    shown({
      ...state,
      base: image,
      photo,
      askedAt,
      proposing: image.proposing,
      selection: [],
      crosshair: null,
      hidden: new Set(),
      awaitingLabel: null,
      findings: null,
      problem: null,
      marked: null,
      message: { text: '', kind: 'hint' },
    }),
  refetched: (state, { image }) => pruned(shown({ ...state, base: image, proposing: image.proposing })),
  closed: (state) => ({ ...state, base: null, image: null, photo: null, selection: [] }),
  proposing: (state, { proposing }) => ({ ...state, proposing }),
  acted: (state, { action }) => shown(withPending({ ...state, marked: null }, [...state.pending, action])),
  adopted: (state, { actions }) => shown(withPending(state, [...actions, ...state.pending])),
  // `follows`: the revision that the answer is the difference to.
  saved: (state, { action, answer, named, follows }) => {
    const fits = state.base?.id === action.imageId && state.base.revision === follows;
    const base = fits ? applyAnswer(state.base, answer, state.image) : state.base;
    const pending = state.pending.filter((other) => other !== action);
    const saved = pruned(shown({ ...withPending(renamed(state, named), pending, { reason: null, saved: true }), base }));
    return fits ? withCameBack(saved, action, answer) : saved;
  },
  // `named`: segments that are there already without these.
  dropped: (state, { actions, named = new Map() }) => {
    const pending = state.pending.filter((action) => !actions.includes(action));
    return pruned(shown(withPending(renamed(state, named), pending, { saved: false })));
  },
  saving: (state, { status }) => ({ ...state, saving: { ...state.saving, ...status } }),
  select: (state, { keys, awaitingLabel = null, offered = false }) => ({
    ...state,
    selection: keys,
    awaitingLabel,
    offered,
    marked: null,
  }),
  hidden: (state, { hidden }) => ({ ...state, hidden }),
  set: (state, { values }) => ({ ...state, ...values }),
  say: (state, { text, kind = 'hint' }) => ({ ...state, message: { text, kind } }),
};

/** @param {State} state @param {{type: keyof typeof EVENTS}} event @returns {State} */
export function reduce(state, event) {
  return EVENTS[event.type](state, event);
}

/** What an undo or redo brought back is selected where nothing else is, so that the next stroke goes on with it. */
function withCameBack(state, action, { segments }) {
  const wanted = isFromLog(action) && segments.length === 1 && state.selection.length === 0;
  return wanted ? { ...state, selection: [`s${segments[0].id}`], offered: false } : state;
}

/** The workspace with its categories in a palette's colours. */
function withLabels(state, workspace, palette) {
  const categories = recoloured(workspace.categories, palette);
  const byId = new Map(categories.map((category) => [category.id, category]));
  return { ...state, palette, workspace: { ...workspace, categories }, categories: byId };
}

function withPending(state, pending, saving = {}) {
  return { ...state, pending, saving: { ...state.saving, pending: pending.length, ...saving } };
}

function shown(state) {
  if (!state.base) return { ...state, image: null };
  const mine = standing(state.pending.filter((action) => action.imageId === state.base.id));
  const image = mine.map((action) => withNames(action, state.names)).reduce(applyAhead, state.base);
  return { ...state, image };
}

function renamed(state, named) {
  const keys = new Map([...named].map(([before, after]) => [`s${before}`, `s${after}`]));
  return {
    ...state,
    names: new Map([...state.names, ...named]),
    selection: state.selection.map((key) => keys.get(key) ?? key),
    hidden: new Set([...state.hidden].map((key) => keys.get(key) ?? key)),
  };
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
