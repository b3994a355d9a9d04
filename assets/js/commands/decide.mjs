/** What becomes of proposals and segments: accept, reject, defer, delete, merge; undo and redo. */
import { nameOf, undecided } from '../truth/pick.mjs';
import { keyFor } from './bindings.mjs';
import { createChosen, selectFirst } from './chosen.mjs';

/** @param {Parameters<typeof import('./commands.mjs').createCommands>[0]} parts */
export function decideCommands(parts) {
  const { store, session } = parts;
  const { say } = session;
  const { chosen, chosenOrSay, select, advance } = createChosen(parts);

  function accept() {
    const { items, proposals } = chosen();
    if (proposals.length === 0) {
      say(items.length > 0 ? 'This is a segment already: accepted before.' : selectFirst());
      return;
    }
    const kept = items.filter(({ kind }) => kind === 'proposal');
    const created = session.act('accept', { proposals });
    const nameless = created.filter((_, index) => !store.state.categories.has(kept[index].category_id));
    if (nameless.length === 0) {
      advance(proposals.at(-1));
      return;
    }
    select(nameless, proposals.at(-1));
    const [find, go] = [keyFor('search'), keyFor('accept')];
    say(`Accepted without a label: press a label’s key, or ${find} to find one. (${go} goes on without.)`);
  }

  function acceptOrGoOn() {
    const { awaitingLabel } = store.state;
    if (awaitingLabel !== null && chosen().proposals.length === 0) advance(awaitingLabel);
    else accept();
  }

  function acceptAll() {
    const proposals = undecided(store.state).map(({ id }) => id);
    if (proposals.length === 0) {
      say('No undecided proposal is in sight; lower the threshold to see more.');
      return;
    }
    const nameless = undecided(store.state).filter((item) => !store.state.categories.has(item.category_id)).length;
    session.act('accept', { proposals });
    select([]);
    const number = proposals.length === 1 ? 'one proposal' : `${proposals.length} proposals`;
    say(`Accepted ${number}${withoutLabel(nameless)}; ${keyFor('undo')} takes it back.`);
  }

  /** Rejects the selected proposals and deletes the selected segments. */
  function discard() {
    const found = chosenOrSay();
    if (!found) return;
    const { items, proposals, segments } = found;
    const name = nameOf(store.state, items[0]);
    if (segments.length > 0) session.act('delete', { segments });
    if (proposals.length > 0) session.act('reject', { proposals });
    if (proposals.length > 0) advance(proposals.at(-1));
    else {
      select([]);
      say(`Deleted ${segments.length === 1 ? name : `${segments.length} segments`}. ${keyFor('undo')} takes it back.`);
    }
  }

  function defer() {
    const { proposals } = chosen();
    if (proposals.length === 0) {
      say('Only a proposal can be deferred; select one first.');
      return;
    }
    session.act('defer', { proposals });
    advance(proposals.at(-1));
  }

  function merge() {
    const { proposals, segments } = chosen();
    if (proposals.length + segments.length < 2) {
      say('Select two or more masks to merge: Shift+Click adds one.');
      return;
    }
    select(session.act('merge', { proposals, segments }));
    const [merged] = chosen().items;
    const label = store.state.categories.get(merged?.category_id)?.name;
    const then = label ? `${keyFor('undo')} takes it back.` : `Press a label’s key, or ${keyFor('search')} to find one.`;
    say(`${proposals.length + segments.length} masks are one now: ${label ?? 'without a label'}. ${then}`);
  }

  function fromLog(operation) {
    const { image, pending } = store.state;
    const possible = operation === 'undo' ? image.can_undo : image.can_redo;
    if (!possible && pending.length === 0) {
      say(`Nothing to ${operation} on this photo.`);
      return;
    }
    session.act(operation);
    say(operation === 'undo' ? 'Undone.' : 'Done again.');
  }

  return {
    accept: acceptOrGoOn,
    acceptAll,
    reject: discard,
    remove: () => parts.tools?.back() || discard(),
    defer,
    merge,
    undo: () => parts.tools?.undo() || fromLog('undo'),
    redo: () => fromLog('redo'),
  };
}

function withoutLabel(number) {
  if (number === 0) return '';
  return `, ${number} of them without a label (${keyFor('toggleCheck')} lists ${number === 1 ? 'it' : 'them'})`;
}
