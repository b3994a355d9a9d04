/** What the server helps with while drawing; see app/api/assist.py. Nothing of it is saved. */
import { ApiError, request } from './api.mjs';
import { decodeMask } from '../masks/masks.mjs';
import { wireMask } from './actions.mjs';

// Photos that are leafed past in less are not looked at.
const STAYS_MS = 150;

/** @typedef {import('../masks/masks.mjs').Mask} Mask @typedef {import('../tools/corners.mjs').Corner} Corner */

/**
 * @param {string} base such as "/api/v1/"
 * @param {typeof request} [send]
 */
export function createAssist(base, send = request) {
  async function ask(id, what, body, signal) {
    const { status, body: answer } = await send(`${base}images/${id}/assist/${what}`, {
      method: 'POST',
      headers: { 'Content-Type': 'application/json' },
      body: JSON.stringify(body),
      signal,
    });
    if (status !== 200) throw new ApiError(status, answer?.error ?? `the server answered ${status}`);
    return answer;
  }

  return {
    /** Lets the server look at the photo before it is needed. */
    warm: (id, signal) => ask(id, 'warm', {}, signal),
    /**
     * @param {number} id @param {{x: number, y: number}} pixel @param {AbortSignal} [signal]
     * @returns {Promise<{map: import('../masks/wand.mjs').DistanceMap, tolerance: number, byModel: boolean}>}
     */
    async wand(id, pixel, signal) {
      const { width, height, distances, tolerance, by_model: byModel } = await ask(id, 'wand', pixel, signal);
      return { map: { width, height, values: bytesOf(distances) }, tolerance, byModel };
    },
    /** A line along edges, both ends included. @returns {Promise<Corner[]>} */
    path: async (id, start, end, signal) => (await ask(id, 'path', { start, end }, signal)).corners,
    /** The mask with its border where the colours part. @param {number} id @param {Mask} mask @returns {Promise<Mask>} */
    refined: async (id, mask, signal) => decoded(await ask(id, 'cut', { mask: wireMask(mask) }, signal)),
    /** The thing in a box. @param {import('../masks/masks.mjs').Box} box @returns {Promise<Mask>} */
    cutOut: async (id, box, signal) => decoded(await ask(id, 'cut', { box }, signal)),
    /** @returns {Promise<{category_id: number, name: string, score: number}[]>} the likeliest first */
    labels: async (id, mask, signal) => (await ask(id, 'labels', { mask: wireMask(mask) }, signal)).labels,
  };
}

function bytesOf(text) {
  return Uint8Array.from(atob(text), (char) => char.charCodeAt(0));
}

function decoded({ size, counts }) {
  return decodeMask(counts, ...size);
}

/**
 * Has the server look at each photo that stays open, once its proposals are there, and again when the wand is taken:
 * so that a first click is answered at once. What was asked for a photo is given up when another one is opened.
 * @param {ReturnType<typeof import('../truth/state.mjs').createStore>} store
 * @param {ReturnType<typeof createAssist>} assist
 * @param {{setTimeout: typeof setTimeout, clearTimeout: typeof clearTimeout}} [clock]
 */
export function keepWarm(store, assist, clock = globalThis) {
  let current = { about: null, controller: new AbortController(), timer: undefined };

  store.subscribe(({ base, proposing, tool }) => {
    const isReady = base && !['waiting', 'running'].includes(proposing.state);
    const about = isReady ? `${base.id} ${tool === 'wand'}` : null;
    if (about === current.about) return;
    clock.clearTimeout(current.timer);
    current.controller.abort();
    const controller = new AbortController();
    // A photo that cannot be looked at says so when help is asked for.
    const warm = () => void assist.warm(base.id, controller.signal).catch(() => {});
    const wait = tool === 'wand' ? 0 : STAYS_MS;
    current = { about, controller, timer: isReady ? clock.setTimeout(warm, wait) : undefined };
  });
}
