/** The wire between the page and the server: JSON over the same origin. */

export class ApiError extends Error {
  /** @param {number} status 0 when no answer came @param {string} message */
  constructor(status, message) {
    super(message);
    this.status = status;
  }
}

/** @param {string} base such as "/api/v1/" */
export function createApi(base) {
  const get = async (path) => {
    const { status, body } = await request(base + path, { headers: { Accept: 'application/json' } });
    if (status !== 200) throw new ApiError(status, body?.error ?? `the server answered ${status}`);
    return body;
  };
  return {
    workspace: () => get('workspace'),
    images: (offset, limit) => get(`images?offset=${offset}&limit=${limit}`),
    image: (id) => get(`images/${id}`),
    proposing: (id) => get(`images/${id}/proposing`),
    /** @returns {Promise<{status: number, body: any}>} rejects when no answer came */
    correct: (id, body) =>
      request(`${base}images/${id}/corrections`, {
        method: 'POST',
        headers: { 'Content-Type': 'application/json' },
        body: JSON.stringify(body),
      }),
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
