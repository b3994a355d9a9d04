/** The wire between the page and the server: JSON over the same origin. */

export class ApiError extends Error {
  /** @param {number} status 0 when no answer came @param {string} message */
  constructor(status, message) {
    super(message);
    this.status = status;
  }
}

const ANSWER_WITHIN_MS = 20_000;

/** @param {string} base such as "/api/v1/" */
export function createApi(base) {
  const get = async (path) => {
    const { status, body } = await request(base + path, { headers: { Accept: 'application/json' } });
    if (status !== 200) throw new ApiError(status, body?.error ?? `the server answered ${status}`);
    return body;
  };
  return {
    workspace: () => get('workspace'),
    /** Where work goes on: the first photo that is not done, and the first at all, or nulls. */
    firstImage: () => get('images/first'),
    image: (id) => get(`images/${id}`),
    /** The image for later: the server does not ask the model for it. */
    imageAhead: (id) => get(`images/${id}?ahead=true`),
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

async function request(url, options) {
  let response;
  try {
    response = await fetch(url, { ...options, credentials: 'same-origin' });
  } catch {
    throw new ApiError(0, 'no connection to the server');
  }
  const isJson = response.headers.get('Content-Type')?.includes('json');
  return { status: response.status, body: isJson ? await response.json() : null };
}
