/** The history of the open photo, or of the one selected segment: who did what, when, and from which proposal. */
import { h } from './dom.mjs';
import { isFromLog } from '../truth/standing.mjs';
import { momentText } from './moments.mjs';

/**
 * @typedef {{revision: number, at: string, user: string, operation: string, target: number | null,
 *   comment: string | null, undone: boolean, segments: {id: number, was: any, is: any}[], proposals: number[],
 *   progress: string | null}} Entry
 */

/**
 * @param {ReturnType<typeof import('../truth/state.mjs').createStore>} store
 * @param {{history: (imageId: number, segmentId: number | null) => Promise<Entry[]>}} api
 * @returns {HTMLElement}
 */
export function createHistory(store, api) {
  const title = h('div', { class: 'mw-heading' });
  const list = h('ol', { class: 'mw-history-list' });
  const element = h('section', { class: 'mw-section mw-history', 'aria-label': 'History' }, [title, list]);
  let asked = 0;

  /** The one selected segment that the server knows, or null: the whole photo. */
  function segmentId({ selection, image }) {
    const [key] = selection;
    const segment = selection.length === 1 ? image?.segments.find((one) => one.key === key) : null;
    return segment && segment.id > 0 ? segment.id : null;
  }

  async function load(state) {
    const mine = ++asked;
    const id = segmentId(state);
    title.textContent = id === null ? 'History of the photo' : `History of segment ${id}`;
    try {
      const entries = await api.history(state.base.id, id);
      if (mine !== asked) return;
      list.replaceChildren(...(entries.length > 0 ? entries.map((entry) => row(entry, store.state, entries)) : [nothing()]));
    } catch (error) {
      if (mine === asked) list.replaceChildren(h('li', { class: 'mw-muted', text: `It did not come: ${error.message}` }));
    }
  }

  store.subscribe((state, before) => {
    if (state.panelTab !== 'history' || !state.base) return;
    const changed = ['panelTab', 'base', 'selection'].some((name) => state[name] !== before[name]);
    if (changed) void load(state);
  });
  return element;
}

function nothing() {
  return h('li', { class: 'mw-muted', text: 'Nothing was done here yet.' });
}

function row(entry, state, entries) {
  return h('li', { class: entry.undone ? 'mw-undone' : '' }, [
    h('div', { class: 'mw-history-what', text: sentence(entry, state.categories, entries) }),
    h('div', { class: 'mw-muted', text: `${entry.user} · ${momentText(entry.at)}${entry.undone ? ' · undone' : ''}` }),
    entry.comment ? h('div', { class: 'mw-history-comment', text: entry.comment }) : null,
  ]);
}

const VERBS = {
  accept: 'accepted',
  reject: 'rejected',
  defer: 'deferred',
  relabel: 'labelled',
  merge: 'merged',
  slice: 'sliced',
  split: 'split into parts',
  fill: 'filled or cleaned',
  edit: 'edited',
  draw: 'drew',
  delete: 'deleted',
  reorder: 'moved up or down',
  import: 'imported',
  done: 'marked as done',
  approve: 'approved',
  send_back: 'sent back',
  skip: 'skipped',
  delete_image: 'deleted the photo',
  reopen: 'reopened',
};

/**
 * What one entry did, for people, such as "labelled segment 3: person → car".
 * @param {Entry} entry
 * @param {Map<number, {name: string}>} categories
 * @param {Entry[]} [entries] among which an undo or redo finds what it was of
 */
export function sentence(entry, categories, entries = []) {
  if (isFromLog(entry)) {
    const target = entries.find(({ revision }) => revision === entry.target);
    return `${entry.operation} of ${target ? `“${sentence(target, categories)}”` : 'an earlier step'}`;
  }
  if (entry.operation === 'done' && entry.progress === 'open') return 'opened again';
  const verb = VERBS[entry.operation] ?? entry.operation;
  if (entry.segments.length === 0) return withProposals(verb, entry);
  const parts = entry.segments.slice(0, SEGMENTS_NAMED).map((segment) => segmentText(segment, categories));
  const rest = entry.segments.length - parts.length;
  return withProposals(`${verb} ${parts.join(', ')}${rest > 0 ? ` and ${rest} more` : ''}`, entry);
}

const SEGMENTS_NAMED = 3;

function withProposals(text, { proposals }) {
  if (proposals.length === 0) return text;
  return `${text} (proposal ${proposals.slice(0, SEGMENTS_NAMED).join(', ')}${proposals.length > SEGMENTS_NAMED ? '…' : ''})`;
}

function segmentText({ id, was, is }, categories) {
  const name = (side) => categories.get(side.category_id)?.name ?? 'unlabelled';
  if (!was || !is) return `segment ${id} (${name(is ?? was)})`;
  if (was.category_id !== is.category_id) return `segment ${id}: ${name(was)} → ${name(is)}`;
  if (was.area !== is.area) return `segment ${id} (${name(is)}): ${was.area.toLocaleString('en')} → ${is.area.toLocaleString('en')} pixels`;
  return `segment ${id} (${name(is)})`;
}
