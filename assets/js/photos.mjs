/** Photos and their masks, fetched ahead: the next one is there before it is asked for. */

// Somebody else may correct the photo meanwhile; an older copy is fetched anew.
const FRESH_MS = 30_000;

/** @param {ReturnType<typeof import('./api.mjs').createApi>} api */
export function createPhotos(api) {
  let ahead = null;
  const photos = new Map();

  /** @param {string} url @returns {Promise<HTMLImageElement>} rejects with the reason as its message */
  function load(url) {
    if (!photos.has(url)) photos.set(url, decoded(url).catch(() => forget(url)));
    return photos.get(url);
  }

  async function forget(url) {
    photos.delete(url);
    throw new Error(await api.whyNot(url));
  }

  /** Fetches what the photo with this id needs, and lets go of all photos but this one and the open one. */
  async function lookAhead(id, openUrl) {
    for (const url of photos.keys()) if (url !== openUrl) photos.delete(url);
    if (id == null || ahead?.id === id) return;
    const image = api.imageAhead(id);
    ahead = { id, image, at: performance.now() };
    try {
      await load((await image).photo_url);
    } catch {
      ahead = null; // opening it will say why
    }
  }

  /** What was fetched ahead for this id, once; null when there is none or it is too old. */
  function takeAhead(id) {
    const found = ahead?.id === id && performance.now() - ahead.at < FRESH_MS ? ahead.image : null;
    ahead = null;
    return found;
  }

  return { load, lookAhead, takeAhead };
}

async function decoded(url) {
  const photo = new Image();
  photo.src = url;
  await photo.decode();
  return photo;
}
