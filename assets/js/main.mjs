/** The Annotate page's canvas: `mount` builds it inside an element and starts the session. */
import { createAddress } from './address.mjs';
import { createApi } from './api.mjs';
import { createCommands } from './commands.mjs';
import { h } from './dom.mjs';
import { createHelp } from './help.mjs';
import { listenToKeys } from './input.mjs';
import { createNotices } from './notices.mjs';
import { createPanel } from './panel.mjs';
import { createSession } from './session.mjs';
import { createStage } from './stage.mjs';
import { createStore } from './state.mjs';
import { createToolbar } from './toolbar.mjs';
import { viewMap } from './views.mjs';

const API = '/api/v1/';
const STYLES = new URL('../css/canvas.css', import.meta.url).href;

/**
 * Builds the page inside `element`, or inside its `.mw-root`; a second call on the same element does nothing.
 * @param {HTMLElement} element
 */
export async function mount(element) {
  const root = element.matches('.mw-root') ? element : element.querySelector('.mw-root');
  if (root.maskwright) return;
  const mountedAt = performance.now();
  const store = createStore();
  root.maskwright = exposed(store);
  const api = createApi(API);
  const session = createSession({ api, store, address: createAddress() });
  const stage = createStage(store, {
    select: (keys) => {
      store.dispatch({ type: 'select', keys });
      session.say('');
    },
    onPainted: paintedHook(store, session, mountedAt),
  });
  const focusRoot = () => root.focus({ preventScroll: true });
  const help = createHelp(focusRoot);
  const commands = createCommands({
    store,
    session,
    stage,
    focusSearch: () => panel.focusSearch(),
    toggleHelp: help.toggle,
    leave: () => root.querySelector('button').focus(),
  });
  const panel = createPanel(store, commands);
  stage.element.append(...createNotices(store));
  listenToKeys(root, { commands, stage, isHelpOpen: help.isOpen });
  warnBeforeLeaving(session);

  await styles();
  root.tabIndex = 0;
  root.setAttribute('role', 'application');
  root.setAttribute('aria-label', 'Labelling canvas; press ? for all keys');
  root.replaceChildren(
    createToolbar(store, commands),
    h('div', { class: 'mw-body' }, [stage.element, panel.element]),
    help.element,
  );
  fillWindow(root);
  focusRoot();
  try {
    await session.start();
  } catch (error) {
    session.say(`The workspace could not be opened: ${error.message}. Reload the page to try again.`, 'error');
  }
}

function styles() {
  const link = document.createElement('link');
  Object.assign(link, { rel: 'stylesheet', href: STYLES });
  const arrived = new Promise((resolve) => (link.onload = link.onerror = resolve));
  document.head.append(link);
  return arrived;
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
function exposed(store) {
  return {
    state: () => store.state,
    viewMap: (view) => viewMap(view, store.state.image, store.state.categories),
  };
}
