/** The label set on the server: read, and changed one step at a time. */
import { ApiError, request } from '../session/api.mjs';

const ANSWER_WITHIN_MS = 60_000;

/**
 * @typedef {object} UsedCategory
 * @property {number} id
 * @property {string} name
 * @property {boolean} is_thing
 * @property {[number, number, number]} colour
 * @property {string | null} key
 * @property {number} segments of any image's truth, without deleted images
 * @property {number} images
 * @property {number} segments_on_deleted those of deleted images
 *
 * @typedef {{id: number, at: string, user: string, told: string, undone: boolean}} LabelChange
 * @typedef {object} LabelSet
 * @property {string} workspace
 * @property {number} revision
 * @property {UsedCategory[]} categories
 * @property {LabelChange[]} changes the newest first
 * @property {LabelChange | null} undoable
 */

/** @param {string} base such as "/api/v1/" */
export function createLabelSetApi(base) {
  return {
    /** @returns {Promise<LabelSet>} */
    read: () =>
      answered(`${base}label-set`, {
        headers: { Accept: 'application/json' },
        signal: AbortSignal.timeout(ANSWER_WITHIN_MS),
      }),
    /**
     * One step; an ApiError with status 409 says that another came first.
     * @param {{workspace: string, base: number, kind: string}} step and what its kind takes
     * @returns {Promise<{revision: number, id: number | null, told: string}>}
     */
    change: (step) =>
      answered(`${base}label-set/changes`, {
        method: 'POST',
        headers: { 'Content-Type': 'application/json' },
        body: JSON.stringify(step),
        signal: AbortSignal.timeout(ANSWER_WITHIN_MS),
      }),
  };
}

async function answered(url, options) {
  const { status, body } = await request(url, options);
  if (status !== 200) throw new ApiError(status, body?.error ?? `the server answered ${status}`);
  return body;
}
