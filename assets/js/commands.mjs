/** What each key and button does, as functions of the state. */
import { alternates, nextUndecided, readingOrder, selected, shownProposals, undecided } from './pick.mjs';
import { VIEWS } from './views.mjs';

const SELECT_FIRST = 'Select a mask first: click it, or press . for the next one.';
const ZOOM_STEP = 1.25;

/**
 * @param {{store: ReturnType<typeof import('./state.mjs').createStore>, session: ReturnType<typeof
 *   import('./session.mjs').createSession>, stage: any, focusSearch: () => void, toggleHelp: () => void,
 *   leave: () => void}} parts
 * @returns {Record<string, (argument?: any) => unknown>} by the actions of keys.mjs and the buttons
 */
export function createCommands({ store, session, stage, focusSearch, toggleHelp, leave }) {
  const say = session.say;
  const set = (values) => store.dispatch({ type: 'set', values });
  const ids = (items) => items.map(({ id }) => id);
  const chosen = () => {
    const items = selected(store.state);
    return {
      items,
      proposals: ids(items.filter(({ kind }) => kind === 'proposal')),
      segments: ids(items.filter(({ kind }) => kind === 'segment')),
    };
  };

  function select(keys, awaitingLabel = null) {
    store.dispatch({ type: 'select', keys, awaitingLabel });
    const [item] = selected(store.state);
    if (item) stage.reveal(item.bbox);
  }

  /** Goes on to the next undecided proposal; says so when there is none. */
  function advance(afterId) {
    const next = nextUndecided(store.state, afterId);
    select(next ? [next.key] : []);
    const deferred = shownProposals(store.state).length;
    if (!next && deferred > 0) say(`Only deferred proposals are left: ${deferred}. Press . to walk through them.`);
    else if (!next) say('Every proposal in sight is decided. Ctrl+Enter: done, and on to the next photo.');
    else say('');
  }

  function accept() {
    const { items, proposals } = chosen();
    if (proposals.length === 0) {
      say(items.length > 0 ? 'This is a segment already: accepted before.' : SELECT_FIRST);
      return;
    }
    const kept = items.filter(({ kind }) => kind === 'proposal');
    const created = session.act('accept', { proposals });
    const nameless = created.filter((_, index) => !store.state.categories.has(kept[index].category_id));
    if (nameless.length === 0) {
      advance(proposals.at(-1));
      return;
    }
    select(nameless, proposals.at(-1));
    say('Accepted without a label: press a digit, or / to find one. (A goes on without.)');
  }

  function acceptOrGoOn() {
    const { awaitingLabel } = store.state;
    if (awaitingLabel !== null && chosen().proposals.length === 0) advance(awaitingLabel);
    else accept();
  }

  function acceptAll() {
    const proposals = ids(undecided(store.state));
    if (proposals.length === 0) {
      say('No undecided proposal is in sight; lower the threshold to see more.');
      return;
    }
    session.act('accept', { proposals });
    select([]);
    say(`Accepted ${proposals.length === 1 ? 'one proposal' : `${proposals.length} proposals`}. Ctrl+Z takes it back.`);
  }

  /** Rejects the selected proposals and deletes the selected segments. */
  function discard() {
    const { proposals, segments } = chosen();
    if (proposals.length + segments.length === 0) {
      say(SELECT_FIRST);
      return;
    }
    if (segments.length > 0) session.act('delete', { segments });
    if (proposals.length > 0) session.act('reject', { proposals });
    if (proposals.length > 0) advance(proposals.at(-1));
    else select([]);
  }

  function defer() {
    const { proposals } = chosen();
    if (proposals.length === 0) {
      say('Only a proposal can be deferred; select one first.');
      return;
    }
    session.act('defer', { proposals });
    advance(proposals.at(-1));
  }

  /** Labels the selection; a proposal is accepted with the label. */
  function label(categoryId) {
    const { proposals, segments } = chosen();
    if (proposals.length + segments.length === 0) {
      say(SELECT_FIRST);
      return;
    }
    const after = proposals.at(-1) ?? store.state.awaitingLabel;
    set({ lastCategory: categoryId });
    session.act('relabel', { proposals, segments, categoryId });
    if (after !== null) advance(after);
    else say('');
  }

  function digit(index) {
    const category = store.state.workspace.categories[index];
    if (category) label(category.id);
    else say(`The label set has no category ${index + 1}; it can be extended on the Labels page.`);
  }

  function labelAgain() {
    if (store.state.lastCategory === null) say('No label was used yet: press a digit, or / to find one.');
    else label(store.state.lastCategory);
  }

  function merge() {
    const { proposals, segments } = chosen();
    if (proposals.length + segments.length < 2) {
      say('Select two or more masks to merge: Shift+Click adds one.');
      return;
    }
    select(session.act('merge', { proposals, segments }));
    say('');
  }

  function reorder(toTop) {
    const { segments } = chosen();
    if (segments.length > 0) session.act('reorder', { segments, toTop });
    else say('Only segments lie above one another; select one first.');
  }

  function fromLog(operation) {
    const { image, pending } = store.state;
    const possible = operation === 'undo' ? image.can_undo : image.can_redo;
    if (possible || pending.length > 0) session.act(operation);
    else say(`Nothing to ${operation} on this photo.`);
  }

  function walk(items, step) {
    if (items.length === 0) {
      say('No mask is in sight here.');
      return;
    }
    const at = items.findIndex(({ key }) => key === store.state.selection.at(-1));
    const next = at < 0 ? (step > 0 ? 0 : items.length - 1) : (at + step + items.length) % items.length;
    select([items[next].key]);
    say(items.length > 1 ? `Mask ${next + 1} of ${items.length}` : '');
  }

  function walkUnderPointer(step) {
    const [x, y] = stage.pointer();
    walk(alternates(store.state, x, y), step);
  }

  function escape() {
    if (store.state.selection.length > 0) {
      select([]);
      say('');
      return;
    }
    leave();
    say('Tab now goes through the buttons; a click on the photo comes back.');
  }

  function toggleHidden() {
    const { selection, hidden } = store.state;
    const fresh = selection.filter((key) => !hidden.has(key));
    if (fresh.length === 0 && hidden.size === 0) {
      say(SELECT_FIRST);
      return;
    }
    store.dispatch({ type: 'hidden', hidden: new Set(fresh.length > 0 ? [...hidden, ...fresh] : []) });
    say(fresh.length > 0 ? `Hidden: ${hidden.size + fresh.length}. H again shows what is hidden.` : '');
  }

  function toggleMasks() {
    set({ masksShown: !store.state.masksShown });
    say(store.state.masksShown ? '' : 'All masks are hidden; T shows them again.');
  }

  function neighbour(id, none) {
    if (id == null) say(none);
    else void session.open(id);
  }
  const nextImage = () => neighbour(store.state.image.next_id, 'This is the last photo.');

  const commands = {
    accept: acceptOrGoOn,
    acceptAll,
    reject: discard,
    remove: discard,
    defer,
    label,
    digit,
    labelAgain,
    merge,
    undo: () => fromLog('undo'),
    redo: () => fromLog('redo'),
    raise: () => reorder(true),
    lower: () => reorder(false),
    nextMask: () => walk(readingOrder(store.state), 1),
    previousMask: () => walk(readingOrder(store.state), -1),
    nextAlternate: () => walkUnderPointer(1),
    previousAlternate: () => walkUnderPointer(-1),
    escape,
    view: (view) => set({ view }),
    nextView: () => set({ view: VIEWS[(VIEWS.indexOf(store.state.view) + 1) % VIEWS.length] }),
    toggleMasks,
    toggleHidden,
    zoomIn: () => stage.zoom(ZOOM_STEP),
    zoomOut: () => stage.zoom(1 / ZOOM_STEP),
    fit: () => stage.fit(),
    nextImage,
    previousImage: () => neighbour(store.state.image.previous_id, 'This is the first photo.'),
    done: () => session.act('done', { done: !store.state.image.done }),
    doneAndNext: () => {
      if (!store.state.image.done) session.act('done', { done: true });
      nextImage();
    },
    search: focusSearch,
    help: toggleHelp,
  };
  const always = new Set(['help', 'search']);
  return Object.fromEntries(
    Object.entries(commands).map(([name, run]) => [
      name,
      (argument) => (store.state.image || always.has(name) ? run(argument) : undefined),
    ]),
  );
}
