/** Says every few seconds which image is open here, and learns who else is where and what others changed. */
import { LOGGED_OUT } from './api.mjs';
import { randomId } from './ids.mjs';
import { same } from './same.mjs';

const VISIBLE_MS = 4_000;
const HIDDEN_MS = 10_000;

/**
 * @typedef {{user: string, image_id: number | null, you: boolean}} Present `you`: this very tab
 * @typedef {{people: Present[], revision: number | null, label_set: number}} Answer
 */

/**
 * Keeps `state.people` and `state.loggedOut` up to date, and takes in what others changed while nothing of one's own
 * is on its way.
 * @param {object} parts
 * @param {ReturnType<typeof import('../truth/state.mjs').createStore>} parts.store
 * @param {{refresh: () => Promise<void>, reloadWorkspace: () => Promise<void>}} parts.session
 * @param {string} [parts.url]
 * @param {Pick<Window, 'fetch' | 'setTimeout' | 'clearTimeout' | 'addEventListener'>} [parts.page]
 * @returns {{start: () => void}}
 */
export function createPresence({ store, session, url = '/api/v1/presence', page = window }) {
  const client = randomId();
  let labelSet = /** @type {number | null} */ (null);
  let timer = 0;
  let asking = false;
  let askAgain = false;

  async function ask() {
    page.clearTimeout(timer);
    askAgain = asking;
    if (asking) return;
    asking = true;
    try {
      await askOnce();
    } finally {
      asking = false;
      timer = page.setTimeout(ask, askAgain ? 0 : document.hidden ? HIDDEN_MS : VISIBLE_MS);
    }
  }

  async function askOnce() {
    const imageId = store.state.base?.id ?? null;
    // Without a connection nobody is known to be here; the queue tells of the loss.
    const response = await post({ client, image_id: imageId }).catch(() => null);
    const answer = response?.ok ? await response.json().catch(() => null) : null;
    if (answer) await learn(imageId, answer);
    else set({ people: [], loggedOut: response?.status === LOGGED_OUT });
  }

  /** @param {number | null} imageId that was asked about @param {Answer} answer */
  async function learn(imageId, answer) {
    set({ people: answer.people, loggedOut: false });
    labelSet ??= store.state.workspace?.label_set ?? answer.label_set;
    if (store.state.pending.length > 0) return;
    if (answer.label_set > labelSet) {
      await session.reloadWorkspace();
      labelSet = answer.label_set;
    } else if (store.state.base?.id === imageId && answer.revision > store.state.base?.revision) {
      await session.refresh();
    }
  }

  function set(values) {
    const changed = Object.entries(values).some(([name, value]) => !same(store.state[name], value));
    if (changed) store.dispatch({ type: 'set', values });
  }

  const post = (body) =>
    page.fetch(url, {
      method: 'POST',
      headers: { 'Content-Type': 'application/json' },
      body: JSON.stringify(body),
      credentials: 'same-origin',
      signal: AbortSignal.timeout(HIDDEN_MS),
    });

  return {
    start() {
      void ask();
      store.subscribe((state, before) => {
        if (state.base?.id !== before.base?.id) void ask();
      });
      document.addEventListener('visibilitychange', () => {
        if (!document.hidden) void ask();
      });
      page.addEventListener('pagehide', () => {
        const body = JSON.stringify({ client, leaving: true });
        navigator.sendBeacon(url, new Blob([body], { type: 'application/json' }));
      });
      // Come back by the browser's Back button, with all its state.
      page.addEventListener('pageshow', (event) => {
        if (event.persisted) void ask();
      });
    },
  };
}
