/** The wire between the page and the server: JSON over the same origin. */

export class ApiError extends Error {
  /** @param {number} status 0 when no answer came @param {string} message */
  constructor(status, message) {
    super(message);
    this.status = status;
  }
}

const ANSWER_WITHIN_MS = 20_000;
// Said by what stands between when the server is gone; the server's own 503 is JSON.
const GATEWAYS = new Set([502, 503, 504]);
// Many masks over a slow line take their time.
const LOADED_WITHIN_MS = 30_000;
/** The status of an answer to somebody who is not logged in. */
export const LOGGED_OUT = 401;

/**
 * @param {string} base such as "/api/v1/"
 * @param {() => import('./listing.mjs').Filter} [filter] of the list that neighbours and first photos are taken from
 */
export function createApi(base, filter = () => ({})) {
  const get = async (path) => {
    const { status, body } = await request(base + path, {
      headers: { Accept: 'application/json' },
      signal: AbortSignal.timeout(LOADED_WITHIN_MS),
    });
    if (status !== 200) throw new ApiError(status, body?.error ?? `the server answered ${status}`);
    return body;
  };
  return {
    workspace: () => get('workspace'),
    /** Where work goes on: the first photo that is not done, and the first at all, or nulls. */
    firstImage: () => get(`images/first${queryOf(filter())}`),
    image: (id) => get(`images/${id}${queryOf(filter())}`),
    /** The image for later: the server does not ask the model for it. */
    imageAhead: (id) => get(`images/${id}${queryOf({ ahead: true, ...filter() })}`),
    /** A part of the list. @param {object} query filter, `around`, `before` or `after` a photo, `limit` */
    images: (query) => get(`images${queryOf(query)}`),
    /** What was done to the photo, or to one segment of it, the newest first. */
    history: (id, segmentId) => get(`images/${id}/history${queryOf(segmentId === null ? {} : { segment_id: segmentId })}`),
    proposing: (id) => get(`images/${id}/proposing`),
    /** @returns {Promise<{status: number, body: any}>} rejects when no answer came */
    correct: (id, body) =>
      request(`${base}images/${id}/corrections`, {
        method: 'POST',
        headers: { 'Content-Type': 'application/json' },
        body: JSON.stringify(body),
        signal: AbortSignal.timeout(ANSWER_WITHIN_MS),
      }),
    /** Why a picture could not be shown. @param {string} url @returns {Promise<string>} */
    async whyNot(url) {
      try {
        const { status, body } = await request(url, { signal: AbortSignal.timeout(ANSWER_WITHIN_MS) });
        if (status === 200) return 'the browser cannot read it';
        return body?.error ?? `the server answered ${status}`;
      } catch (error) {
        return error.message;
      }
    },
  };
}

/** A query string; the first order is the server's own. @param {object} values */
function queryOf({ order, ...values }) {
  const query = new URLSearchParams(Object.entries(order && order !== 'added' ? { order, ...values } : values)).toString();
  return query && `?${query}`;
}

/** @returns {Promise<{status: number, body: any}>} rejects with status 0 when no answer of the server came, or not all of it */
export async function request(url, options) {
  try {
    const response = await fetch(url, { ...options, credentials: 'same-origin' });
    const isJson = response.headers.get('Content-Type')?.includes('json');
    if (!isJson && GATEWAYS.has(response.status)) throw new Error('a gateway answered in its stead');
    const body = isJson ? await response.json() : null;
    // The server tells there how a script logs in.
    return { status: response.status, body: response.status === LOGGED_OUT ? { error: 'you are logged out' } : body };
  } catch {
    throw new ApiError(0, 'no connection to the server');
  }
}
