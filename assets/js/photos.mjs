/** Photos and their masks, fetched ahead: the next one is there before it is asked for. */

// Somebody else may correct the photo meanwhile; an older copy is fetched anew.
const FRESH_MS = 30_000;

/** @param {ReturnType<typeof import('./api.mjs').createApi>} api */
export function createPhotos(api) {
  let ahead = null;
  const photos = new Map();

  function load(url) {
    if (!photos.has(url)) photos.set(url, decoded(url).catch((error) => forget(url, error)));
    return photos.get(url);
  }

  function forget(url, error) {
    photos.delete(url);
    throw error;
  }

  /** Fetches what the photo with this id needs, and lets go of all photos but this one and the open one. */
  async function lookAhead(id, openUrl) {
    for (const url of photos.keys()) if (url !== openUrl) photos.delete(url);
    if (id == null || ahead?.id === id) return;
    const image = api.image(id);
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
  try {
    await photo.decode();
  } catch {
    throw new Error('its picture did not come; is the server running?');
  }
  return photo;
}
