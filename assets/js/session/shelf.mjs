/** The workspace and the images seen last, as the server gave them: shown again while it does not answer. */
import { read, write } from './database.mjs';

// Some 100 KB each with many masks; there may be twice as many until the older ones are let go.
const IMAGES = 20;

/** @param {Promise<IDBDatabase>} opening */
export function createShelf(opening) {
  let isOpen = true;
  const put = async (name, value) => {
    const database = await opening;
    if (isOpen) await write(database, 'shelf', (store) => store.put({ name, at: Date.now(), value }));
  };
  const take = async (name) => {
    const row = await read(await opening, 'shelf', (store) => store.get(name));
    return row ?? null;
  };
  const nameOf = (id) => `image ${id}`;

  async function prune() {
    const names = await read(await opening, 'shelf', (store) => store.count());
    if (names < 2 * IMAGES) return;
    const rows = await read(await opening, 'shelf', (store) => store.getAll());
    const images = rows.filter(({ name }) => name.startsWith('image ')).sort((a, b) => b.at - a.at);
    await write(await opening, 'shelf', (store) => {
      for (const { name } of images.slice(IMAGES)) store.delete(name);
    });
  }

  return {
    /** @returns {Promise<object | null>} what `keepWorkspace` kept last */
    workspace: () => take('workspace').then((row) => row && row.value, () => null),
    /** @returns {Promise<{at: number, value: object} | null>} */
    image: (id) => take(nameOf(id)).catch(() => null),
    /** What was kept of another workspace, or for another person, is gone afterwards. */
    async keepWorkspace(workspace) {
      const before = await this.workspace();
      const same = before?.id === workspace.id && before.user === workspace.user;
      if (before && !same) await forget(await opening);
      await put('workspace', workspace);
    },
    /** Once logged out, until `reopen`; corrections that were not sent are kept elsewhere, and stay for their maker. */
    async forget() {
      isOpen = false;
      await opening.then(forget).catch(() => {});
    },
    /** Somebody is logged in again. */
    reopen() {
      isOpen = true;
    },
    async keepImage(image) {
      await put(nameOf(image.id), image);
      await prune();
    },
  };
}

// Between a correction's answer and the next key there is time for the copy.
const REST_MS = 1_000;

/** Keeps the open image as the server confirmed it, once no more corrections come. */
export function keepSeen(shelf, store) {
  let timer;
  let newest = null;
  const keep = () => {
    shelf.keepImage(wireOf(newest)).catch(() => {});
    newest = null;
  };
  store.subscribe((state, before) => {
    if (!state.base || state.base === before.base) return;
    clearTimeout(timer);
    if (newest !== null && newest.id !== state.base.id) keep();
    newest = state.base;
    timer = setTimeout(keep, REST_MS);
    timer.unref?.();
  });
}

/** The image as it came over the wire. @param {import('../truth/items.mjs').OpenImage} image */
function wireOf(image) {
  const wire = ({ mask, key, kind, hue, ...fields }) => fields;
  return { ...image, segments: image.segments.map(wire), proposals: image.proposals.map(wire) };
}

function forget(database) {
  return write(database, 'shelf', (store) => void store.clear());
}
