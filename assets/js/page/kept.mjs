/** What is kept on this machine because the server does not answer, belongs to somebody else, or could not be applied. */
import { button } from './controls.mjs';
import { h, tell } from './dom.mjs';
import { createUnsentList } from './unsent.mjs';

/**
 * @param {ReturnType<typeof import('../truth/state.mjs').createStore>} store
 * @param {ReturnType<typeof import('../session/session.mjs').createSession>['unsent']} unsent
 * @param {() => void} leave gives the keyboard back to the canvas
 * @returns {HTMLElement[]} a strip over the photo, and the list that its button opens
 */
export function createKept(store, unsent, leave) {
  const text = h('span', { class: 'mw-kept-text', role: 'status', 'aria-live': 'polite' });
  const list = createUnsentList(store, unsent, leave);
  const open = button({ name: 'Corrections that could not be applied', text: 'Not applied' }, list.open);
  const label = open.querySelector('span');
  const strip = h('div', { class: 'mw-kept' }, [text, open]);
  // A press on these is not one on the photo below.
  for (const element of [strip, list.element]) {
    for (const name of ['pointerdown', 'wheel']) element.addEventListener(name, (event) => event.stopPropagation());
  }

  function update(state) {
    const said = keptText(state);
    tell(text, said);
    text.hidden = said === '';
    open.hidden = state.unsent.length === 0;
    label.textContent = `Not applied: ${state.unsent.length}`;
    strip.hidden = text.hidden && open.hidden;
  }

  store.subscribe(update);
  update(store.state);
  return [strip, list.element];
}

/** @param {import('../truth/state.mjs').State} state */
export function keptText({ saving, online, keeping, keptForOthers }) {
  const parts = [waitingText(saving, online, keeping)];
  for (const { user, number } of keptForOthers) parts.push(`${corrections(number)} of ${user} kept here until ${user} logs in.`);
  return parts.filter(Boolean).join(' ');
}

function waitingText({ pending, reason, kept }, online, keeping) {
  if (!keeping) {
    const plain = 'This browser keeps nothing offline';
    return reason === null ? `${plain}.` : `${plain}: leave this page open, or what is not saved is lost.`;
  }
  if (reason !== null && kept > 0) {
    const rest = online ? 'sent as soon as the server takes them' : 'sent when the server answers';
    return `${corrections(kept)} kept on this machine; ${rest}.${kept < pending ? ' …' : ''}`;
  }
  return online ? '' : 'The server does not answer; what you do is kept on this machine.';
}

function corrections(number) {
  return number === 1 ? '1 correction' : `${number} corrections`;
}
