/** The right side, in tabs: the selection with its labels and the legend, what the check finds, and the history. */
import { createCheck } from './check.mjs';
import { slider } from './controls.mjs';
import { h } from './dom.mjs';
import { onceAFrame } from './frames.mjs';
import { createHistory } from './history.mjs';
import { createLabels } from './labels.mjs';
import { legendRows, voidRow } from './legend.mjs';
import { createReview } from './review.mjs';
import { selectionParts } from './selection.mjs';
import { createTabs } from './tabs.mjs';

/**
 * @param {ReturnType<typeof import('../truth/state.mjs').createStore>} store
 * @param {Record<string, (argument?: any) => unknown>} commands
 * @param {ReturnType<typeof import('../session/api.mjs').createApi>} api
 * @returns {{element: HTMLElement, focusSearch: () => void, askComment: () => void}}
 */
export function createPanel(store, commands, api) {
  const selection = h('section', { class: 'mw-section mw-selection', 'aria-label': 'Selection' });
  const labels = createLabels(store, commands);
  const review = createReview(store, commands);
  const rows = h('div', { class: 'mw-legend', tabindex: 0, role: 'group', 'aria-label': 'Legend' });
  const title = h('span');
  const counter = h('div');
  const setOpacity = (value) => store.dispatch({ type: 'set', values: { opacity: value / 100 } });
  const opacity = slider({ name: 'Opacity of the masks', min: 0, max: 100, step: 5 }, setOpacity);
  const view = h('section', { class: 'mw-section mw-view', 'aria-label': 'Legend' }, [
    h('div', { class: 'mw-heading' }, [title, h('label', { class: 'mw-muted mw-opacity' }, ['opacity', opacity])]),
    counter,
    rows,
  ]);

  const tabs = createTabs(store, [
    { name: 'label', text: 'Label', parts: [selection, labels.element, view] },
    { name: 'check', text: 'Check', parts: [createCheck(store, commands).element] },
    { name: 'history', text: 'History', parts: [createHistory(store, api)] },
  ]);

  function update(state, before) {
    const changed = (...names) => names.some((name) => state[name] !== before?.[name]);
    const masksChanged = changed('image', 'categories', 'threshold', 'hidden', 'masksShown');
    if (masksChanged || changed('selection', 'suggestions')) {
      keepingFocus(selection, () => selection.replaceChildren(...selectionParts(state, commands)));
    }
    title.textContent = `Legend · ${state.view}`;
    opacity.value = String(Math.round(state.opacity * 100));
    if (changed('image', 'findings')) counter.replaceChildren(...[voidRow(state)].filter(Boolean));
    if (masksChanged || changed('view')) rows.replaceChildren(...legendRows(state));
  }

  const element = h('aside', { class: 'mw-panel', id: 'mw-panel', 'aria-label': 'Panel' }, [review.element, ...tabs]);
  const bring = (values) => store.dispatch({ type: 'set', values: { ...values, panelShown: true } });

  onceAFrame(store, update);
  store.subscribe((state) => element.classList.toggle('mw-open', state.panelShown));
  update(store.state);
  return {
    element,
    focusSearch: () => {
      bring({ panelTab: 'label' });
      labels.focus();
    },
    askComment: () => {
      bring({});
      review.askComment();
    },
  };
}

/** Redraws without losing the keyboard: the focus goes to the same button, or else to the canvas. */
function keepingFocus(element, redraw) {
  const focused = element.contains(document.activeElement) ? document.activeElement : null;
  const action = focused?.dataset.action;
  redraw();
  if (!focused) return;
  const again = action ? element.querySelector(`[data-action="${CSS.escape(action)}"]`) : null;
  (again ?? element.closest('.mw-root')).focus({ preventScroll: true });
}
