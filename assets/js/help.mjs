/** The help: every key on one page. */
import { button } from './controls.mjs';
import { h, keyCap } from './dom.mjs';
import { BINDINGS, POINTER_HELP } from './keys.mjs';

/**
 * @param {() => void} onClose
 * @returns {{element: HTMLDialogElement, toggle: () => void, isOpen: () => boolean}}
 */
export function createHelp(onClose) {
  const close = button({ name: 'Close', sign: 'cross', kind: 'mw-square' }, () => dialog.close());
  const dialog = /** @type {HTMLDialogElement} */ (
    h('dialog', { class: 'mw-help', 'aria-label': 'Keys', onclick: closeOutside, onclose: onClose }, [
      h('div', { class: 'mw-help-body' }, [
        h('div', { class: 'mw-heading' }, [h('span', { text: 'Keys' }), close]),
        h('div', { class: 'mw-help-groups' }, groups().map(groupList)),
      ]),
    ])
  );

  function closeOutside(event) {
    if (event.target === dialog) dialog.close();
  }

  dialog.addEventListener('keydown', (event) => {
    if (event.key === '?') dialog.close();
    event.stopPropagation();
  });
  return {
    element: dialog,
    toggle: () => (dialog.open ? dialog.close() : dialog.showModal()),
    isOpen: () => dialog.open,
  };
}

function groups() {
  const digits = { keys: ['1 … 9', '0'], does: 'the first ten labels', group: 'Label' };
  const rows = [digits, ...BINDINGS.filter(({ action }) => action !== 'digit'), ...POINTER_HELP];
  return ORDER.map((name) => [name, rows.filter(({ group }) => group === name)]);
}

const ORDER = ['Decide', 'Label', 'Select', 'Look', 'Photos'];

function groupList([name, rows]) {
  return h('div', { class: 'mw-help-group' }, [h('div', { class: 'mw-help-title', text: name }), ...rows.map(helpRow)]);
}

function helpRow({ keys, does }) {
  return h('div', { class: 'mw-help-row' }, [
    h('span', { class: 'mw-help-keys' }, keys.map(keyCap)),
    h('span', { text: does }),
  ]);
}
