/** Giving an action another key: a click on a key cap, then the new key. */
import { chordOf, isModifier } from '../commands/chords.mjs';
import { h, keyName } from './dom.mjs';

// What a browser does not hand to a page in one of its tabs.
const KEPT_BY_BROWSERS = new Set(['Ctrl+N', 'Ctrl+T', 'Ctrl+W', 'Ctrl+Shift+N', 'Ctrl+Shift+T', 'Ctrl+Shift+W']);

/**
 * @param {ReturnType<typeof import('../commands/bindings.mjs').createBindings>} bindings
 * @param {(text: string) => void} tell
 */
export function createRebinding(bindings, tell) {
  let listening = /** @type {{binding: any, index: number, cap: HTMLElement} | null} */ (null);

  /** A row of the help: its keys as buttons, one for another key, what it does, and the way back. */
  function row({ does, bindings: shown }) {
    const alone = shown.length === 1 ? shown[0] : null;
    const keys = shown.flatMap((binding) => binding.keys.map((_, index) => cap(binding, index)));
    const adding = alone ? addCap(alone) : null;
    const without = alone ? [] : shown.filter((binding) => binding.keys.length === 0).map(addCap);
    const changed = shown.filter(({ id }) => bindings.isChanged(id));
    return h('div', { class: 'mw-help-row' }, [
      h('span', { class: 'mw-help-keys' }, [...keys, ...without, adding]),
      h('span', { class: 'mw-help-does', text: does }),
      changed.length > 0 ? resetButton(does, changed) : null,
    ]);
  }

  function cap(binding, index) {
    const key = keyName(binding.keys[index]);
    return capButton(binding, index, key, `${binding.does}: ${key}. Change this key`);
  }

  function addCap(binding) {
    const kind = binding.keys.length === 0 ? ' mw-key-add mw-key-only' : ' mw-key-add';
    return capButton(binding, binding.keys.length, '+', `${binding.does}: add a key`, kind);
  }

  function capButton(binding, index, text, name, kind = '') {
    const made = h('button', {
      type: 'button',
      class: `mw-key mw-key-button${kind}`,
      'aria-label': name,
      title: name,
      text,
      'data-cap': `${binding.id} ${index}`,
      onclick: () => listen(binding, index, made),
      onkeydown: (event) => listening?.cap === made && take(event),
      onblur: () => listening?.cap === made && stop(),
    });
    return made;
  }

  function resetButton(does, changed) {
    return h('button', {
      type: 'button',
      class: 'mw-link',
      'aria-label': `${does}: reset`,
      text: 'reset',
      onclick: () => changed.forEach(({ id }) => bindings.reset(id)),
    });
  }

  function listen(binding, index, made) {
    stop();
    listening = { binding, index, cap: made };
    made.classList.add('mw-listening');
    made.textContent = '…';
    const remove = index < binding.keys.length ? ', Delete takes this one away' : '';
    tell(`Press the new key for “${binding.does}”. Escape gives up${remove}.`);
  }

  function stop() {
    if (!listening) return;
    const { binding, index, cap: made } = listening;
    listening = null;
    made.classList.remove('mw-listening');
    made.textContent = index < binding.keys.length ? keyName(binding.keys[index]) : '+';
  }

  function take(event) {
    event.preventDefault();
    event.stopPropagation();
    if (isModifier(event) || event.isComposing) return;
    const { binding, index } = listening;
    const chord = chordOf(event);
    if (chord === 'Escape') {
      stop();
      tell('Nothing was changed.');
    } else if (chord === 'Delete' && index < binding.keys.length && binding.keys[index] !== 'Delete') {
      give(binding, index, null);
    } else {
      const clash = bindings.clash(chord, binding.id);
      if (clash) ask(binding, index, chord, clash);
      else give(binding, index, chord);
    }
  }

  /** A key that is another's is given at the second press. */
  function ask(binding, index, chord, clash) {
    const key = keyName(chord);
    if (listening.asked === chord) {
      give(binding, index, chord, `“${clash.does}” has lost it.`);
      return;
    }
    listening.asked = chord;
    listening.cap.textContent = `${key}?`;
    tell(`${key} is the key of “${clash.does}”. Press it again to take it from there, another key, or Escape.`);
  }

  function give(binding, index, chord, note = '') {
    const keys = [...binding.keys];
    keys.splice(index, 1, ...(chord === null ? [] : [chord]));
    stop();
    bindings.bind(binding.id, keys);
    const key = chord === null ? '' : keyName(chord);
    const kept = KEPT_BY_BROWSERS.has(chord) ? ' Browsers keep this key for themselves, except in an installed app.' : '';
    tell(chord === null ? `“${binding.does}” has one key less.` : `${key}: ${binding.does}. ${note}${kept}`);
    document.querySelector(`[data-cap="${CSS.escape(`${binding.id} ${Math.min(index, keys.length)}`)}"]`)?.focus();
  }

  return { row, stop, isListening: () => listening !== null };
}
