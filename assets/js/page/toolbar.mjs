/** The bar above the canvas: which photo, which view, how many proposals, and whether all is saved. */
import { button, slider } from './controls.mjs';
import { capital, h, tell } from './dom.mjs';
import { onceAFrame } from './frames.mjs';
import { shownProposals } from '../truth/pick.mjs';
import { stateText } from '../truth/states.mjs';
import { VIEWS } from '../truth/views.mjs';

const VIEW_HELP = {
  semantic: 'Semantic: what is each pixel? Masks of a category are one',
  instance: 'Instance: every segment for itself',
  panoptic: 'Panoptic: things apart, stuff merged, no pixel twice',
};
const THRESHOLD_HELP = 'Threshold: the least confidence of a proposal to be shown';
// Most scores are small, so the slider's steps are finest there: the threshold is the square of its share.
const SLIDER_STEPS = 100;
const DONE_HELP = 'Mark this photo as done; Ctrl+Enter also opens the next';

/**
 * @param {ReturnType<typeof import('../truth/state.mjs').createStore>} store
 * @param {Record<string, (argument?: any) => unknown>} commands
 * @param {HTMLElement} people who works here too
 * @returns {HTMLElement}
 */
export function createToolbar(store, commands, people) {
  const command = (look) => button(look, () => commands[look.action]());
  const previous = command({ name: 'Previous photo', sign: 'previous', action: 'previousImage', kind: 'mw-square' });
  const next = command({ name: 'Next photo', sign: 'next', action: 'nextImage', kind: 'mw-square' });
  const position = h('span', { class: 'mw-position' });
  const fileName = h('span', { class: 'mw-file' });
  const imageState = h('span', { class: 'mw-badge' });
  const views = VIEWS.map((view) =>
    button({ name: VIEW_HELP[view], text: capital(view), kind: 'mw-segment' }, () => commands.view(view)),
  );
  const setThreshold = (value) => store.dispatch({ type: 'set', values: { threshold: (value / SLIDER_STEPS) ** 2 } });
  const threshold = slider({ name: THRESHOLD_HELP, min: 0, max: SLIDER_STEPS, step: 1 }, setThreshold);
  const count = h('output', { class: 'mw-count' });
  const undo = command({ name: 'Undo', sign: 'undo', action: 'undo', kind: 'mw-square' });
  const redo = command({ name: 'Redo', sign: 'redo', action: 'redo', kind: 'mw-square' });
  const done = button({ name: DONE_HELP, text: 'Done', sign: 'check' }, () => commands.done());
  const [savingShort, savingWhy] = [h('span'), h('span', { class: 'mw-why' })];
  const saving = h('span', { class: 'mw-saving', role: 'status', 'aria-live': 'polite' }, [savingShort, savingWhy]);
  const film = command({ name: 'Film strip', sign: 'film', action: 'film', kind: 'mw-square' });
  const look = command({ name: 'Look: brightness, contrast, colours', sign: 'look', action: 'toggleLook', kind: 'mw-square' });
  const panelLook = { name: 'Panel: labels, check, history', sign: 'panel', action: 'togglePanel', kind: 'mw-square mw-panel-toggle' };
  const panel = command(panelLook);
  panel.setAttribute('aria-controls', 'mw-panel');
  const help = button({ name: 'Help: all keys', text: '?', action: 'help', kind: 'mw-square' }, () => commands.help());

  function update(state) {
    const { image } = state;
    tell(position, image ? `${image.position} / ${image.total}` : '–');
    tell(fileName, image?.file_name ?? '');
    fileName.title = image?.file_name ?? '';
    imageState.hidden = !image;
    tell(imageState, stateText(image?.state ?? 'new'));
    imageState.classList.toggle('mw-done', image?.done === true);
    enable(previous, image?.previous_id != null);
    enable(next, image?.next_id != null);
    views.forEach((one, index) => one.setAttribute('aria-pressed', String(VIEWS[index] === state.view)));
    threshold.value = String(Math.round(Math.sqrt(state.threshold) * SLIDER_STEPS));
    const open = shownProposals(state).length;
    tell(count, `${percent(state.threshold)} % · ${open} shown`);
    threshold.setAttribute('aria-valuetext', `${percent(state.threshold)} percent, ${open} shown`);
    enable(undo, image?.can_undo || state.pending.length > 0);
    enable(redo, image?.can_redo);
    film.setAttribute('aria-pressed', String(state.filmShown));
    done.setAttribute('aria-pressed', String(image?.done === true));
    panel.setAttribute('aria-expanded', String(state.panelShown));
    panel.setAttribute('aria-pressed', String(state.panelShown));
    const [short, why] = savingText(state.saving);
    tell(savingShort, short);
    tell(savingWhy, why);
    saving.title = short + why;
    saving.classList.toggle('mw-failing', state.saving.reason !== null);
  }

  onceAFrame(store, update);
  update(store.state);
  // The focus can rest on it without being on any of its buttons.
  return h('div', { class: 'mw-toolbar', role: 'toolbar', 'aria-label': 'Photo and view', tabindex: -1 }, [
    h('div', { class: 'mw-group' }, [previous, position, next]),
    h('div', { class: 'mw-group mw-grows' }, [fileName, imageState]),
    h('div', { class: 'mw-group mw-views', role: 'group', 'aria-label': 'View' }, views),
    h('label', { class: 'mw-group mw-gives' }, [h('span', { class: 'mw-muted mw-wide', text: 'Threshold' }), threshold, count]),
    h('div', { class: 'mw-group' }, [undo, redo]),
    h('div', { class: 'mw-group' }, [done]),
    saving,
    people,
    h('div', { class: 'mw-group' }, [film, look, help]),
    panel,
  ]);
}

function enable(control, possible) {
  // aria-disabled instead of disabled: a button that vanishes from under the keyboard loses the focus.
  control.setAttribute('aria-disabled', String(!possible));
}

/**
 * What there is always room for, and the rest of the sentence. "saved" is said only when the server has confirmed
 * everything.
 */
function savingText({ pending, reason, saved }) {
  if (reason !== null) return [`not saved (${pending})`, `: ${reason}, retrying`];
  if (pending > 0) return [`saving ${pending}…`, ''];
  return [saved ? 'saved' : '', ''];
}

function percent(share) {
  return share < 0.1 ? (share * 100).toFixed(1) : Math.round(share * 100);
}
