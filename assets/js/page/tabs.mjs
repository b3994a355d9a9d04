/** Tabs of the panel, as ARIA has them: one tab stop, arrows between them. */
import { h } from './dom.mjs';

/**
 * @param {ReturnType<typeof import('../truth/state.mjs').createStore>} store
 * @param {{name: string, text: string, parts: HTMLElement[]}[]} tabs the state's `panelTab` names the shown one
 * @returns {HTMLElement[]} the row of tabs, then what each shows
 */
export function createTabs(store, tabs) {
  const choose = (panelTab) => store.dispatch({ type: 'set', values: { panelTab } });
  const buttons = tabs.map(({ name, text }) =>
    h('button', {
      type: 'button',
      role: 'tab',
      id: `mw-tab-${name}`,
      class: 'mw-tab',
      'aria-controls': `mw-panel-${name}`,
      text,
      onmousedown: (event) => event.preventDefault(),
      onclick: () => choose(name),
      onkeydown: walk,
    }),
  );
  const panels = tabs.map(({ name, parts }) =>
    h('div', { role: 'tabpanel', id: `mw-panel-${name}`, class: 'mw-tab-panel', 'aria-labelledby': `mw-tab-${name}` }, parts),
  );

  function walk(event) {
    const step = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
    if (!step) return;
    event.preventDefault();
    event.stopPropagation();
    const at = (buttons.indexOf(event.currentTarget) + step + tabs.length) % tabs.length;
    choose(tabs[at].name);
    buttons[at].focus();
  }

  function update({ panelTab }) {
    tabs.forEach(({ name }, index) => {
      const isShown = name === panelTab;
      buttons[index].setAttribute('aria-selected', String(isShown));
      buttons[index].tabIndex = isShown ? 0 : -1;
      panels[index].hidden = !isShown;
    });
  }

  store.subscribe((state, before) => {
    if (state.panelTab !== before.panelTab) update(state);
  });
  update(store.state);
  return [h('div', { class: 'mw-tabs', role: 'tablist', 'aria-label': 'Panel' }, buttons), ...panels];
}
