/** What the page says over the photo: the last message, what the model is doing, and that there is no photo yet. */
import { button } from './controls.mjs';
import { keyFor } from '../commands/bindings.mjs';
import { h, tell } from './dom.mjs';
import { underWay } from '../truth/underway.mjs';

// A photo that was looked ahead to is there before anyone reads that it is coming.
const SLOW_MS = 100;

/**
 * @param {ReturnType<typeof import('../truth/state.mjs').createStore>} store
 * @param {() => void} escape gives up what is under way
 * @returns {HTMLElement[]}
 */
export function createNotices(store, escape) {
  const message = h('div', { class: 'mw-message', role: 'status', 'aria-live': 'polite' });
  const proposing = h('div', { class: 'mw-proposing', role: 'status', 'aria-live': 'polite' });
  const empty = h('div', { class: 'mw-empty', hidden: true }, [
    h('p', {}, ['No photos yet — ', h('a', { href: '/data', text: 'add some on the Data page' }), '.']),
  ]);
  const stop = button(
    { name: 'Give up what is under way', text: 'Give up', action: 'escape', showKey: true, kind: 'mw-stop' },
    escape,
  );
  // A press on it is not one on the photo below.
  stop.addEventListener('pointerdown', (event) => event.stopPropagation());
  let slow = false;
  let timer;

  function watch(state, before) {
    const what = underWay(state);
    if (what === underWay(before)) return;
    clearTimeout(timer);
    slow = false;
    if (what !== null && state.image) {
      timer = setTimeout(() => {
        slow = true;
        update(store.state);
      }, SLOW_MS);
    }
  }

  const update = (state) => {
    tell(message, state.message.text);
    message.classList.toggle('mw-error', state.message.kind === 'error');
    message.classList.toggle('mw-busy', state.message.kind === 'wait');
    stop.hidden = !slow && state.message.kind !== 'wait';
    const first = !state.image && !state.empty && state.message.text === '';
    const text = first ? 'Opening the photo…' : slow ? SLOW_TEXTS[underWay(state)]() : state.image ? proposingText(state) : '';
    tell(proposing, text);
    proposing.parentElement?.classList.toggle('mw-opening', slow && state.opening !== null);
    proposing.classList.toggle('mw-busy', first || slow || ['waiting', 'running'].includes(state.proposing?.state));
    empty.hidden = state.empty !== true;
  };
  store.subscribe(watch);
  store.subscribe(update);
  update(store.state);
  return [message, stop, proposing, empty];
}

const SLOW_TEXTS = {
  opening: () => `Opening the photo… ${keyFor('escape')} stays on this one.`,
  undoing: () => 'Waiting for the server to undo…',
};

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
