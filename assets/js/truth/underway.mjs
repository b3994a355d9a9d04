/** What the page waits for before it can tell what the next command is about. */
import { isFromLog } from './standing.mjs';

/**
 * Another photo that is being opened; else an undo or redo of the open one, of which only the server knows what it
 * brings back. Without a connection nobody waits for that.
 * @param {import('./state.mjs').State} state
 * @returns {'opening' | 'undoing' | null}
 */
export function underWay({ opening, pending, base, online, saving }) {
  if (opening !== null) return 'opening';
  if (!online || saving.reason !== null) return null;
  const undoing = pending.some((action) => action.imageId === base?.id && isFromLog(action));
  return undoing ? 'undoing' : null;
}
