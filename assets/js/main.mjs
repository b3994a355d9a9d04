/** The Annotate page's canvas: `mount` builds it inside an element and starts the session. */
import { createAddress } from './session/address.mjs';
import { createApi } from './session/api.mjs';
import { createAssist, keepWarm } from './session/assist.mjs';
import { createBindings } from './commands/bindings.mjs';
import { createCommands } from './commands/commands.mjs';
import { h } from './page/dom.mjs';
import { createFilm } from './page/film.mjs';
import { createHelp } from './page/help.mjs';
import { createLook, rememberLook } from './page/look.mjs';
import { keepRecent } from './labels/recent.mjs';
import { keepSuggesting } from './session/suggesting.mjs';
import { makeInstallable } from './page/installing.mjs';
import { TYPED_INTO, listenToKeys } from './commands/input.mjs';
import { showKeys } from './page/controls.mjs';
import { createKept } from './page/kept.mjs';
import { createNotices } from './page/notices.mjs';
import { createPanel } from './page/panel.mjs';
import { createPeople } from './page/people.mjs';
import { createPreferences } from './session/preferences.mjs';
import { createPresence } from './session/presence.mjs';
import { createSession } from './session/session.mjs';
import { createStage } from './stage/stage.mjs';
import { loadStyles } from './page/styles.mjs';
import { createStore } from './truth/state.mjs';
import { createToolbar } from './page/toolbar.mjs';
import { createToolbox } from './page/toolbox.mjs';
import { createTools } from './tools/tools.mjs';
import { viewMap } from './truth/views.mjs';

const API = '/api/v1/';
const STYLES = ['base', 'bar', 'stage', 'panel', 'check', 'film', 'kept', 'tools', 'people', 'help', 'narrow', 'touch'];
// As css/narrow.css has it: the photo needs the room of the film strip, until somebody asks for that.
const LOW = '(height <= 480px)';

/**
 * Builds the page inside `element`, or inside its `.mw-root`; a second call on the same element does nothing.
 * @param {HTMLElement} element
 */
export async function mount(element) {
  const root = element.matches('.mw-root') ? element : element.querySelector('.mw-root');
  if (root.maskwright) return;
  const mountedAt = performance.now();
  const store = createStore();
  root.maskwright = exposed(store, () => stage);
  if (matchMedia(LOW).matches) store.dispatch({ type: 'set', values: { filmShown: false } });
  const preferences = createPreferences();
  keepRecent(store, preferences);
  const api = createApi(API, () => store.state.filter);
  const session = createSession({ api, store, address: createAddress(), preferences });
  const assist = createAssist(API);
  keepWarm(store, assist);
  keepSuggesting(store, assist);
  const stage = createStage(store, {
    select: (keys) => {
      store.dispatch({ type: 'select', keys });
      session.say('');
    },
    onPainted: paintedHook(store, session, mountedAt),
    onBlurred: () => void session.sharpen(),
    toolNow: () => tools.now(),
    band: () => tools.band(),
  });
  const bindings = createBindings(preferences);
  const focusRoot = () => root.focus({ preventScroll: true });
  // Dialogs tell of their end a moment later, when a key may have begun a search already.
  const leaveDialog = () => document.activeElement?.matches(TYPED_INTO) || focusRoot();
  const help = createHelp(bindings, leaveDialog);
  const tools = createTools({ store, session, api, assist, preferences, stage: () => stage, commands: () => commands });
  const commands = createCommands({
    store,
    session,
    stage,
    api,
    tools,
    focusSearch: () => panel.focusSearch(),
    askComment: () => panel.askComment(),
    toggleHelp: help.toggle,
    toggleLook: () => look.toggle(),
    leave: () => toolbar.focus(),
  });
  const film = createFilm(store, {
    api,
    open: (id) => void session.open(id),
    filtered: (filter) => {
      store.dispatch({ type: 'set', values: { filter } });
      void session.refresh();
    },
  });
  const panel = createPanel(store, commands, api);
  const look = createLook(store, commands);
  rememberLook(store, preferences, root);
  stage.element.append(...createNotices(store, () => commands.escape()), ...createKept(store, session.unsent, leaveDialog), look.element);
  listenToKeys(root, { store, bindings, commands, stage, isHelpOpen: help.isOpen, isDrawing: tools.busy });
  nameTab(store);
  warnBeforeLeaving(session);
  makeInstallable();

  const toolbar = createToolbar(store, commands, createPeople(store).element);
  const toolbox = createToolbox(store, commands, tools);

  await loadStyles(STYLES);
  root.tabIndex = 0;
  root.setAttribute('role', 'application');
  root.setAttribute('aria-label', 'Labelling canvas; press ? for all keys');
  root.replaceChildren(
    toolbar,
    h('div', { class: 'mw-body' }, [
      toolbox.tools,
      h('div', { class: 'mw-middle' }, [toolbox.options, stage.element]),
      panel.element,
    ]),
    film,
    help.element,
  );
  fillWindow(root);
  bindings.onChange(() => showKeys(root));
  focusRoot();
  try {
    await session.start();
    createPresence({ store, session }).start();
  } catch (error) {
    session.say(`The workspace could not be opened: ${error.message}. Reload the page to try again.`, 'error');
  }
}

/** The rest of the window below what the page around us puts on top. */
function fillWindow(root) {
  const place = () => {
    const top = root.getBoundingClientRect().top + window.scrollY;
    root.style.setProperty('--mw-top', `${Math.round(top)}px`);
  };
  place();
  window.addEventListener('resize', place);
  new ResizeObserver(place).observe(document.body);
}

/** The photo is told in the tab and in the browser's history. */
function nameTab(store) {
  const name = document.title;
  store.subscribe(({ image }, before) => {
    const title = image ? `${image.file_name} · ${name}` : name;
    if (image !== before.image && document.title !== title) document.title = title;
  });
}

function warnBeforeLeaving(session) {
  window.addEventListener('beforeunload', (event) => {
    if (session.unsaved > 0) event.preventDefault();
  });
}

/** Measures the way to painted masks, and then looks ahead to the next photo. */
function paintedHook(store, session, mountedAt) {
  let paintedId = null;
  let viewAt = null;
  store.subscribe((state, before) => {
    if (state.view !== before.view) viewAt = performance.now();
  });
  return (state) => {
    if (viewAt !== null) performance.measure('mw-view', { start: viewAt });
    viewAt = null;
    if (!state.image || paintedId === state.image.id) return;
    performance.measure('mw-open-painted', { start: paintedId === null ? mountedAt : state.askedAt });
    paintedId = state.image.id;
    void session.lookAhead(state.image.next_id, state.image.photo_url);
  };
}

/** What tests may read. */
function exposed(store, stage) {
  return {
    state: () => store.state,
    viewMap: (view) => viewMap(view, store.state.image, store.state.categories),
    viewport: () => stage().viewport,
  };
}
