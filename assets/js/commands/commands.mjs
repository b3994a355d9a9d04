/** What each key and button does, as functions of the state: one table, made of the groups' tables. */
import { assistCommands } from './assist.mjs';
import { checkCommands } from './check.mjs';
import { decideCommands } from './decide.mjs';
import { drawCommands } from './draw.mjs';
import { labelCommands } from './label.mjs';
import { lookCommands } from './look.mjs';
import { mendCommands } from './mend.mjs';
import { photosCommands } from './photos.mjs';
import { reviewCommands } from './review.mjs';
import { selectCommands } from './select.mjs';
import { voidsCommands } from './voids.mjs';

const GROUPS = [
  assistCommands,
  decideCommands,
  labelCommands,
  selectCommands,
  drawCommands,
  lookCommands,
  photosCommands,
  reviewCommands,
  mendCommands,
  checkCommands,
  voidsCommands,
];
// What works without a photo.
const ALWAYS = new Set(['help', 'search', 'film']);
// What is not about a photo, so that it need not wait for the one that is being opened.
const AT_ONCE = new Set([...ALWAYS, 'toggleLook', 'togglePanel', 'panelTab', 'history']);
const TAKES_TOOL = ['selectTool', 'brush', 'eraser', 'polygon', 'box', 'wand', 'scissors', 'refineBox', 'slice'];
const LABELS = ['label', 'digit', 'labelAgain', 'applySuggestion', 'score', 'accept'];
const LEAVES = ['nextImage', 'previousImage', 'doneAndNext', 'done', 'skip', 'approve', 'deleteImage', 'copyToNext'];
// What would pass an unfinished drawing over, where the person most likely means its outcome.
const PASSES_OVER = new Set([...LABELS, ...LEAVES]);
const WAITS_FOR_OUTCOME = new Set([...PASSES_OVER, ...TAKES_TOOL]);

/** Whether a command would pass an unfinished drawing over. @param {string} name */
export const passesOver = (name) => PASSES_OVER.has(name);

/**
 * @param {{store: ReturnType<typeof import('../truth/state.mjs').createStore>, session: ReturnType<typeof
 *   import('../session/session.mjs').createSession>, stage: any, focusSearch: () => void, toggleHelp: () => void,
 *   leave: () => void, askComment: () => void, tools?: any}} parts
 * @returns {Record<string, (argument?: any) => unknown>} by the actions of keys.mjs and the buttons
 */
export function createCommands(parts) {
  const commands = { help: parts.toggleHelp };
  for (const group of GROUPS) Object.assign(commands, group(parts));
  const { store, session, tools } = parts;

  /** @param {() => unknown} run */
  function inTurn(name, run) {
    if (WAITS_FOR_OUTCOME.has(name) && tools) return tools.soon(() => session.soon(run));
    return session.soon(run);
  }

  const guarded = (name, run) => (argument) => {
    if (!store.state.image && !ALWAYS.has(name)) return undefined;
    if (AT_ONCE.has(name)) return run(argument);
    if (name === 'escape' && store.state.opening !== null) return session.stay();
    return inTurn(name, () => (passesOver(name) && tools?.holdsBack(name) ? undefined : run(argument)));
  };
  return Object.fromEntries(Object.entries(commands).map(([name, run]) => [name, guarded(name, run)]));
}
