/** Which masks are selected, and which lies above which. */
import { alternates, nameOf, readingOrder } from '../truth/pick.mjs';
import { keyFor } from './bindings.mjs';
import { createChosen } from './chosen.mjs';

/** @param {Parameters<typeof import('./commands.mjs').createCommands>[0]} parts */
export function selectCommands(parts) {
  const { store, session, stage, leave } = parts;
  const { say } = session;
  const { chosen, select } = createChosen(parts);

  function walk(items, step) {
    if (items.length === 0) {
      say('No mask is in sight here.');
      return;
    }
    const at = items.findIndex(({ key }) => key === store.state.selection.at(-1));
    const next = at < 0 ? (step > 0 ? 0 : items.length - 1) : (at + step + items.length) % items.length;
    select([items[next].key]);
    say(items.length > 1 ? `Mask ${next + 1} of ${items.length}` : '');
  }

  function walkUnderPointer(step) {
    const place = stage.pointer();
    if (place) walk(alternates(store.state, ...place), step);
  }

  function reorder(toTop) {
    const { items, segments } = chosen();
    if (segments.length === 0) {
      say('Only segments lie above one another; select one first.');
      return;
    }
    session.act('reorder', { segments, toTop });
    const item = items.find(({ kind }) => kind === 'segment');
    const what = segments.length === 1 ? nameOf(store.state, item) : `${segments.length} segments`;
    say(`${toTop ? 'Raised' : 'Lowered'} ${what}. ${keyFor('undo')} takes it back.`);
  }

  /** One step back: the tool's draft, the tool, the selection, and at last the canvas itself. */
  function escape() {
    if (parts.tools?.cancel()) return;
    if (store.state.selection.length > 0) {
      select([]);
      say('');
      return;
    }
    leave();
    say(`Tab now goes through the buttons; ${keyFor('escape')} or a click on the photo comes back.`);
  }

  return {
    nextMask: () => walk(readingOrder(store.state), 1),
    previousMask: () => walk(readingOrder(store.state), -1),
    nextAlternate: () => walkUnderPointer(1),
    previousAlternate: () => walkUnderPointer(-1),
    raise: () => reorder(true),
    lower: () => reorder(false),
    escape,
  };
}
