/** One person's work in one tab: which photo is open, and the corrections on their way to the server. */
import { LOGGED_OUT } from './api.mjs';
import { randomId } from './ids.mjs';
import { again, createUnsent } from './unsent.mjs';
import { makes } from './actions.mjs';
import { createKeeper } from './keeper.mjs';
import { createLeftovers } from './leftovers.mjs';
import { createOpening } from './opening.mjs';
import { createPhotos } from './photos.mjs';
import { createPlaces } from './places.mjs';
import { createPreferences } from './preferences.mjs';
import { createSending } from './sending.mjs';
import { createShelf, keepSeen } from './shelf.mjs';
import { createTypeAhead } from './typeahead.mjs';
import { openDatabase } from './database.mjs';

const LOOK_MS = 5_000;

/**
 * @param {object} parts
 * @param {ReturnType<typeof import('./api.mjs').createApi>} parts.api
 * @param {ReturnType<typeof import('../truth/state.mjs').createStore>} parts.store
 * @param {ReturnType<typeof import('./address.mjs').createAddress>} parts.address
 * @param {ReturnType<typeof createPreferences>} [parts.preferences]
 * @param {Promise<IDBDatabase>} [parts.database]
 */
export function createSession({ api, store, address, preferences = createPreferences(), database = openDatabase() }) {
  const client = randomId();
  // Whoever needs it finds out.
  database.catch(() => {});
  const say = (text, kind) => store.dispatch({ type: 'say', text, kind });
  const shelf = createShelf(database);
  const photos = createPhotos({ ...api, imageAhead: aheadForLater }, store);
  const keeper = createKeeper(database, () => store.dispatch({ type: 'set', values: { keeping: false } }));
  const unsent = createUnsent({ store, keeper });
  const opening = createOpening({ api, store, address, photos, shelf, say, reached });
  const sending = createSending({ api, store, client, keeper, unsent, opening, say });
  const leftovers = createLeftovers({ store, client, keeper, unsent, adopt: sending.adopt, database });
  const places = createPlaces(preferences, store);
  const typeAhead = createTypeAhead(store);

  /** What was fetched ahead can be opened without the server, too. */
  async function aheadForLater(id) {
    const image = await api.imageAhead(id);
    void shelf.keepImage(image).catch(() => {});
    return image;
  }

  /** Whether the server has answered. @param {boolean} online */
  function reached(online) {
    if (online !== store.state.online) store.dispatch({ type: 'set', values: { online } });
    if (online) sending.wake();
  }

  /** While nothing is to be sent, nobody else would notice that it answers again, or is ours again. */
  async function lookForServer() {
    const { online, pending, workspace } = store.state;
    if ((online && !sending.isClosed) || pending.length > 0) return;
    const found = await api.workspace().catch(() => null);
    if (found === null) return;
    reached(true);
    if (found.id === workspace.id && found.user === workspace.user) sending.reopen();
  }

  async function readWorkspace() {
    try {
      const workspace = await api.workspace();
      void shelf.keepWorkspace(workspace).catch(() => {});
      return workspace;
    } catch (error) {
      if (error.status === LOGGED_OUT) await shelf.forget();
      const kept = error.status === 0 ? await shelf.workspace() : null;
      if (kept === null) throw error;
      reached(false);
      return kept;
    }
  }

  /** Takes in another label set, and what its change did to the open image. */
  async function reloadWorkspace() {
    const workspace = await api.workspace();
    store.dispatch({ type: 'labels', workspace });
    await opening.refresh();
  }

  /** The photo of the address, else where this browser was last, else the first that is not done. */
  async function start() {
    store.dispatch({ type: 'workspace', workspace: await readWorkspace() });
    leftovers.start();
    places.start();
    keepSeen(shelf, store);
    // Under node a timer keeps the tests from ending.
    setInterval(lookForServer, LOOK_MS).unref?.();
    const misspelt = address.misspelt();
    if (misspelt !== null) say(`There is no photo “${misspelt}”; work goes on here.`);
    const tried = [address.imageId(), places.lastImage()].filter((id) => id !== null);
    for (const id of new Set(tried)) if (await opensAtStart(id)) return;
    const id = await firstId();
    if (id === null) store.dispatch({ type: 'set', values: { empty: true } });
    else await opensAtStart(id);
  }

  /** What was said before, such as of a photo that is not there, stays. */
  async function opensAtStart(id) {
    const { text, kind } = store.state.message;
    await opening.open(id, { history: 'replace' });
    if (text) say(`${text} ${store.state.message.text}`.trim(), kind);
    return store.state.image !== null;
  }

  /** Where work goes on, or null without any photo. A filter of last time that no photo passes today is dropped. */
  async function firstId() {
    const { open_id: open, first_id: first } = await api.firstImage();
    const id = open ?? first;
    if (id !== null || Object.keys(store.state.filter).length === 0) return id;
    store.dispatch({ type: 'set', values: { filter: {} } });
    return firstId();
  }

  /** Makes a correction that was not applied once more, on its image as it is now. @param {import('./keeper.mjs').Entry} entry */
  async function applyAgain(entry) {
    if (!(await show(entry))) return;
    const { image, base } = store.state;
    const { action, said } = again(entry, store.state);
    if (said) say(said, action ? 'hint' : 'error');
    if (action === null) return;
    const { id: imageId, file_name: fileName } = image;
    const number = makes(action.operation, action);
    const created = number === action.created.length ? action.created : sending.fresh(number);
    sending.commit(action, { imageId, fileName, base: base.revision, expected: action.expected, created, shownS: opening.shownFor() });
    unsent.discard(entry);
  }

  /** Opens the image of a correction and selects what is left of its masks. @returns {Promise<boolean>} */
  async function show({ imageId, action }) {
    if (store.state.base?.id !== imageId) await opening.open(imageId);
    if (store.state.base?.id !== imageId) return false;
    const { names } = store.state;
    const keys = [...action.segments.map((id) => `s${names.get(id) ?? id}`), ...action.proposals.map((id) => `p${id}`)];
    const items = [...store.state.image.segments, ...store.state.image.proposals];
    store.dispatch({ type: 'select', keys: keys.filter((key) => items.some((item) => item.key === key)) });
    return true;
  }

  // Learnt from `presence.mjs`.
  store.subscribe(({ loggedOut }, before) => {
    if (loggedOut && !before.loggedOut) void shelf.forget();
    if (!loggedOut && before.loggedOut) shelf.reopen();
  });
  address.onBack((id) => void opening.open(id, { history: 'none' }));
  globalThis.addEventListener?.('online', sending.wake);
  return {
    start,
    open: opening.open,
    stay: opening.stay,
    soon: typeAhead.soon,
    act: sending.act,
    say,
    refresh: opening.refresh,
    reloadWorkspace,
    lookAhead: photos.lookAhead,
    sharpen: photos.sharpen,
    unsent: { show, applyAgain, discard: unsent.discard },
    /** Corrections that would be lost with this tab: neither confirmed by the server nor kept by the browser. */
    get unsaved() {
      return sending.unsaved;
    },
  };
}
