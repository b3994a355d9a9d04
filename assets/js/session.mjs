/** One person's work in one tab: which photo is open, and the corrections on their way to the server. */
import { ApiError } from './api.mjs';
import { namedBy } from './corrections.mjs';
import { openImage } from './items.mjs';
import { createPhotos } from './photos.mjs';
import { nextUndecided } from './pick.mjs';
import { createQueue } from './queue.mjs';
import { withNames } from './state.mjs';

const POLL_MS = 400;
// Never shown: the refusal that it follows from has been.
const DEPENDENT = 'it was made on a segment that was refused';

/**
 * @param {{api: ReturnType<typeof import('./api.mjs').createApi>, store: ReturnType<typeof
 *   import('./state.mjs').createStore>, address: ReturnType<typeof import('./address.mjs').createAddress>}} parts
 */
export function createSession({ api, store, address }) {
  const client = randomId();
  const photos = createPhotos(api);
  const revisions = new Map();
  const bodies = new WeakMap();
  let openings = 0;
  let provisional = 0;
  let shownAt = 0;

  const learnRevision = (id, revision) => revisions.set(id, Math.max(revision, revisions.get(id) ?? 0));
  const say = (text, kind) => store.dispatch({ type: 'say', text, kind });

  const queue = createQueue({
    send: async (action, seq) => {
      if (!bodies.has(action)) bodies.set(action, bodyOf(action, seq));
      const body = bodies.get(action);
      if (body.segments.some((id) => id < 0)) return { status: 422, body: { error: DEPENDENT } };
      return api.correct(action.imageId, body);
    },
    onSaved: (action, answer) => {
      learnRevision(action.imageId, answer.revision);
      const named = namedBy(action, answer);
      performance.measure('mw-saved', { start: action.at });
      store.dispatch({ type: 'saved', action, answer, named });
    },
    onStale: (action, dropped) => {
      store.dispatch({ type: 'dropped', actions: dropped });
      const lost = dropped.length === 1 ? 'your last correction was' : `your last ${dropped.length} corrections were`;
      const photo = action.imageId === store.state.base?.id ? 'This photo' : action.fileName;
      say(`${photo} was changed elsewhere and is loaded again; ${lost} not applied.`, 'error');
      void refetch(action.imageId);
    },
    onRefused: (action, error) => {
      store.dispatch({ type: 'dropped', actions: [action] });
      if (error !== DEPENDENT) say(`Not done on ${action.fileName} (${action.operation}): ${error}`, 'error');
    },
    onClosed: (dropped, error) => {
      store.dispatch({ type: 'dropped', actions: dropped });
      say(error, 'error');
    },
    onBroken: (error, action) => {
      const id = action?.imageId ?? store.state.base?.id;
      if (id !== undefined) void refetch(id);
      if (action) store.dispatch({ type: 'dropped', actions: [action] });
      say(`The page failed on the server's answer: ${error?.message ?? error}. The photo is loaded again.`, 'error');
    },
    onStatus: (status) => store.dispatch({ type: 'saving', status }),
  });

  function bodyOf(action, seq) {
    const { segments } = withNames(action, store.state.names);
    return {
      workspace: store.state.workspace.id,
      client,
      seq,
      base_revision: revisions.get(action.imageId),
      operation: action.operation,
      proposals: action.proposals,
      segments,
      category_id: action.categoryId,
      to_top: action.toTop,
      done: action.done,
      threshold: action.threshold,
      shown_s: action.shownS,
    };
  }

  /** Corrects the open image; answers with the keys of the segments it will make. */
  function act(operation, { proposals = [], segments = [], categoryId = null, toTop = true, done = true } = {}) {
    const { image, threshold } = store.state;
    const makesOneEach = operation === 'accept' || operation === 'relabel';
    const count = operation === 'merge' ? 1 : makesOneEach ? proposals.length : 0;
    const created = Array.from({ length: count }, () => --provisional);
    const at = performance.now();
    const shownS = (at - shownAt) / 1000;
    const wish = { operation, proposals, segments, created, categoryId, toTop, done };
    const action = { ...wish, imageId: image.id, fileName: image.file_name, threshold, shownS, at };
    store.dispatch({ type: 'acted', action });
    queue.push(action);
    return created.map((id) => `s${id}`);
  }

  async function fetchImage(id) {
    const image = await api.image(id);
    // An answer that overtook this one knows more.
    return image.revision < (revisions.get(id) ?? 0) ? api.image(id) : image;
  }

  async function refetch(id) {
    try {
      const image = await fetchImage(id);
      learnRevision(id, image.revision);
      if (store.state.base?.id === id) store.dispatch({ type: 'refetched', image: openImage(image) });
    } catch (error) {
      say(`The photo could not be loaded again: ${error.message}`, 'error');
    }
  }

  /** Opens a photo; the later of two calls wins. */
  async function open(id, { history = 'push' } = {}) {
    const opening = ++openings;
    const askedAt = performance.now();
    try {
      const ahead = store.state.pending.some((action) => action.imageId === id) ? null : photos.takeAhead(id);
      let image = await (ahead ?? fetchImage(id));
      // Looking ahead does not ask the model; opening does.
      const tooEarly = ahead !== null && image.proposing.state !== 'ready';
      if (tooEarly || image.revision < (revisions.get(id) ?? 0)) image = await fetchImage(id);
      const { photo, reason } = await pictureOf(image);
      if (opening !== openings) return;
      learnRevision(id, image.revision);
      address.show(id, history);
      shownAt = performance.now();
      store.dispatch({ type: 'opened', image: openImage(image), photo, askedAt });
      selectFirst();
      if (reason) say(`The picture of ${image.file_name} did not come: ${reason}`, 'error');
      void watchProposing(id);
    } catch (error) {
      if (opening === openings) say(`The photo could not be opened: ${error.message}`, 'error');
      if (!(error instanceof ApiError)) throw error;
    }
  }

  /** Without its picture a photo opens all the same: its neighbours are reached through it. */
  function pictureOf({ photo_url }) {
    return photos.load(photo_url).then(
      (photo) => ({ photo, reason: null }),
      ({ message }) => ({ photo: null, reason: message }),
    );
  }

  function selectFirst() {
    const first = nextUndecided(store.state, null);
    store.dispatch({ type: 'select', keys: first ? [first.key] : [] });
  }

  async function watchProposing(id) {
    const isOpen = () => store.state.base?.id === id;
    const busy = () => ['waiting', 'running'].includes(store.state.proposing?.state);
    if (!busy()) return;
    while (isOpen() && busy()) {
      await new Promise((resolve) => setTimeout(resolve, POLL_MS));
      const proposing = await api.proposing(id).catch(() => null);
      if (proposing && isOpen()) store.dispatch({ type: 'proposing', proposing });
    }
    if (!isOpen()) return;
    await refetch(id);
    if (isOpen() && store.state.selection.length === 0) selectFirst();
  }

  async function start() {
    store.dispatch({ type: 'workspace', workspace: await api.workspace() });
    const wanted = address.imageId();
    if (wanted !== null) {
      await open(wanted, { history: 'replace' });
      if (store.state.image) return;
    }
    const { open_id: openId, first_id: firstId } = await api.firstImage();
    const id = openId ?? firstId;
    if (id === null) {
      store.dispatch({ type: 'set', values: { empty: true } });
      return;
    }
    const { text, kind } = store.state.message;
    await open(id, { history: 'replace' });
    if (text) say(`${text} ${store.state.message.text}`.trim(), kind);
  }

  address.onBack((id) => void open(id, { history: 'none' }));
  return {
    start,
    open,
    act,
    say,
    lookAhead: photos.lookAhead,
    /** Corrections that the server has not confirmed. */
    get unsaved() {
      return queue.pending;
    },
  };
}

/** crypto.randomUUID would need https on other hosts than this one. */
function randomId() {
  return Array.from(crypto.getRandomValues(new Uint32Array(4)), (part) => part.toString(36)).join('-');
}
