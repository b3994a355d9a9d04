/** What the page says over the photo: the last message, what the model is doing, and that there is no photo yet. */
import { h } from './dom.mjs';

/** @param {ReturnType<typeof import('./state.mjs').createStore>} store @returns {HTMLElement[]} */
export function createNotices(store) {
  const message = h('div', { class: 'mw-message', role: 'status', 'aria-live': 'polite' });
  const proposing = h('div', { class: 'mw-proposing', role: 'status', 'aria-live': 'polite' });
  const empty = h('div', { class: 'mw-empty', hidden: true }, [
    h('p', {}, ['No photos yet — ', h('a', { href: '/data', text: 'add some on the Data page' }), '.']),
  ]);
  const update = (state) => {
    if (message.textContent !== state.message.text) message.textContent = state.message.text;
    message.classList.toggle('mw-error', state.message.kind === 'error');
    const opening = !state.image && !state.empty && state.message.text === '';
    const text = opening ? 'Opening the photo…' : state.image ? proposingText(state) : '';
    if (proposing.textContent !== text) proposing.textContent = text;
    proposing.classList.toggle('mw-busy', opening || ['waiting', 'running'].includes(state.proposing?.state));
    empty.hidden = state.empty !== true;
  };
  store.subscribe(update);
  update(store.state);
  return [message, proposing, empty];
}

function proposingText({ proposing, image }) {
  switch (proposing.state) {
    case 'waiting':
      return 'Waiting for the model…';
    case 'running':
      return 'The model looks for masks…';
    case 'failed':
      return `No proposals: ${proposing.message}`;
    case 'off':
      return image.proposals.length > 0 ? '' : `No proposals: ${proposing.message || 'no model is loaded'}`;
    default:
      return image.proposals.length > 0 ? '' : 'The model found nothing on this photo.';
  }
}
