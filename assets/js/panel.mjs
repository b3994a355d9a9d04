/** The right side: what is selected and what can be done with it, labels, and the legend of the view. */
import { slider } from './controls.mjs';
import { h } from './dom.mjs';
import { createLabels } from './labels.mjs';
import { legendRows } from './legend.mjs';
import { selectionParts } from './selection.mjs';

/**
 * @param {ReturnType<typeof import('./state.mjs').createStore>} store
 * @param {Record<string, (argument?: any) => unknown>} commands
 * @returns {{element: HTMLElement, focusSearch: () => void}}
 */
export function createPanel(store, commands) {
  const selection = h('section', { class: 'mw-section mw-selection', 'aria-label': 'Selection' });
  const labels = createLabels(store, commands);
  const rows = h('div', { class: 'mw-legend' });
  const title = h('span');
  const setOpacity = (value) => store.dispatch({ type: 'set', values: { opacity: value / 100 } });
  const opacity = slider({ name: 'Opacity of the masks', min: 0, max: 100, step: 5 }, setOpacity);
  const view = h('section', { class: 'mw-section mw-view', 'aria-label': 'Legend' }, [
    h('div', { class: 'mw-heading' }, [title, h('label', { class: 'mw-muted mw-opacity' }, ['opacity', opacity])]),
    rows,
  ]);

  function update(state, before) {
    const changed = (...names) => names.some((name) => state[name] !== before?.[name]);
    const masksChanged = changed('image', 'categories', 'threshold', 'hidden', 'masksShown');
    if (masksChanged || changed('selection')) {
      keepingFocus(selection, () => selection.replaceChildren(...selectionParts(state, commands)));
    }
    title.textContent = `Legend · ${state.view}`;
    opacity.value = String(Math.round(state.opacity * 100));
    if (masksChanged || changed('view')) rows.replaceChildren(...legendRows(state));
  }

  store.subscribe(update);
  update(store.state);
  return {
    element: h('aside', { class: 'mw-panel' }, [selection, labels.element, view]),
    focusSearch: labels.focus,
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
