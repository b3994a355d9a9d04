/** The help: every key on one page, searched, changed, taken along. */
import { GROUPS, POINTER_HELP, rowId } from '../commands/keys.mjs';
import { PRESETS } from '../commands/presets.mjs';
import { button } from './controls.mjs';
import { h, keyCap, keyName } from './dom.mjs';
import { createKeyFile } from './keyfile.mjs';
import { createRebinding } from './rebinding.mjs';

/**
 * @param {ReturnType<typeof import('../commands/bindings.mjs').createBindings>} bindings
 * @param {() => void} onClose
 * @returns {{element: HTMLDialogElement, toggle: () => void, isOpen: () => boolean}}
 */
export function createHelp(bindings, onClose) {
  const groups = h('div', { class: 'mw-help-groups' });
  const search = h('input', {
    type: 'search',
    class: 'mw-search',
    placeholder: 'Find a key or what it does',
    'aria-label': 'Find a key or what it does',
    autocomplete: 'off',
    spellcheck: 'false',
    oninput: show,
  });
  const preset = h('select', { class: 'mw-select', 'aria-label': 'Keys as in', onchange: takePreset }, presetOptions());
  const resetAll = button({ name: 'Reset all: every action has the keys of the preset again', text: 'Reset all' }, () => {
    bindings.resetAll();
    tell('Every action has the keys of the preset.');
    search.focus();
  });
  const back = h('button', { type: 'button', class: 'mw-link', text: 'Back to my own keys', onclick: takeFormer });
  const toldText = h('span', { role: 'status', 'aria-live': 'polite' });
  const told = h('p', { class: 'mw-help-told' }, [toldText, ' ', back]);
  const tell = (text) => (toldText.textContent = text);
  const keyFile = createKeyFile(bindings, tell);
  const rebinding = createRebinding(bindings, tell);
  const close = button({ name: 'Close', sign: 'cross', kind: 'mw-square' }, () => dialog.close());
  const dialog = /** @type {HTMLDialogElement} */ (
    h('dialog', { class: 'mw-help', 'aria-label': 'Keys', onclick: closeOutside, onclose: closed, oncancel }, [
      h('div', { class: 'mw-help-body' }, [
        h('div', { class: 'mw-help-bar' }, [
          h('h2', { class: 'mw-help-heading', text: 'Keys' }),
          search,
          h('label', { class: 'mw-help-preset' }, [h('span', { text: 'as in' }), preset]),
          resetAll,
          ...keyFile.buttons,
          close,
        ]),
        keyFile.element,
        told,
        h('div', { class: 'mw-help-scroll' }, [groups]),
      ]),
    ])
  );

  function presetOptions() {
    return Object.entries(PRESETS).map(([value, { name }]) => h('option', { value, text: name }));
  }

  function takePreset() {
    bindings.usePreset(preset.value);
    tell(`Keys as in ${PRESETS[preset.value].name}.`);
  }

  function takeFormer() {
    bindings.useFormer();
    tell('Your own keys are back.');
    preset.focus();
  }

  function show() {
    const words = search.value.trim().toLowerCase().split(/\s+/).filter(Boolean);
    const rows = [...shownRows(bindings.rows()), ...POINTER_HELP.map((row) => ({ ...row, pointer: true }))];
    const fits = (row) => words.every((word) => searched(row).includes(word));
    const found = rows.filter(fits);
    const parts = GROUPS.map((name) => [name, found.filter(({ group }) => group === name)]);
    const lists = parts.filter(([, some]) => some.length > 0).map(([name, some]) => groupList(name, some));
    const none = h('p', { class: 'mw-muted', text: 'No key does this, and no action has this key.' });
    groups.replaceChildren(...(lists.length > 0 ? lists : [none]));
    preset.value = bindings.preset();
    resetAll.setAttribute('aria-disabled', String(!bindings.anyChanged()));
    back.hidden = !bindings.hasFormer();
  }

  function groupList(name, rows) {
    const id = `mw-help-${name}`;
    return h('section', { class: 'mw-help-group', 'aria-labelledby': id }, [
      h('h3', { class: 'mw-help-title', id, text: name }),
      ...rows.map((row) => (row.pointer ? pointerRow(row) : rebinding.row(row))),
    ]);
  }

  function closeOutside(event) {
    if (event.target === dialog) dialog.close();
  }

  function oncancel(event) {
    if (rebinding.isListening()) event.preventDefault();
    rebinding.stop();
  }

  function closed() {
    rebinding.stop();
    onClose();
  }

  dialog.addEventListener('keydown', (event) => {
    const typing = event.target.closest('input, textarea, select');
    if (event.key === '?' && !typing && !rebinding.isListening()) dialog.close();
    event.stopPropagation();
  });
  bindings.onChange(() => dialog.open && show());
  return {
    element: dialog,
    toggle() {
      if (dialog.open) {
        dialog.close();
        return;
      }
      search.value = '';
      tell('Click a key to change it.');
      show();
      dialog.showModal();
      search.focus();
    },
    isOpen: () => dialog.open,
  };
}

/** Rows that say the same, such as those of the digits, are shown as one with all their keys. */
function shownRows(bindings) {
  const rows = new Map();
  for (const binding of bindings) {
    const together = TOGETHER[binding.action]?.(binding) ?? binding.does;
    const place = `${binding.group} ${together}`;
    const row = rows.get(place) ?? { does: together, group: binding.group, bindings: [] };
    row.bindings.push({ ...binding, id: rowId(binding) });
    rows.set(place, row);
  }
  return [...rows.values()];
}

const TOGETHER = {
  digit: () => 'give the label with this key',
  score: () => 'take this suggestion',
  moveCrosshair: ({ does }) => `move ${does.replace(/ \w+$/, '')}`,
};

function searched(row) {
  const keys = row.pointer ? row.keys : row.bindings.flatMap((binding) => binding.keys);
  const does = row.pointer ? [] : row.bindings.map((binding) => binding.does);
  return [row.does, row.group, ...does, ...keys, ...keys.map(keyName)].join('\n').toLowerCase();
}

function pointerRow({ keys, does }) {
  return h('div', { class: 'mw-help-row' }, [
    h('span', { class: 'mw-help-keys' }, keys.map(keyCap)),
    h('span', { class: 'mw-help-does', text: does }),
  ]);
}
