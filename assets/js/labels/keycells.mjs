/** Which key gives a label: shown on a cap, changed by a click on it and the new key. */
import { chordOf, isModifier } from '../commands/chords.mjs';
import { DIGITS } from '../commands/keys.mjs';
import { h, keyName } from '../page/dom.mjs';

/**
 * @param {object} parts
 * @param {ReturnType<typeof import('../commands/bindings.mjs').createBindings>} parts.bindings
 * @param {(text: string, kind?: string) => void} parts.say
 * @param {(category: any, fields: {key: string | null}) => void} parts.change
 * @param {() => any[]} parts.labels all of them, as they are now
 */
export function createKeyCells({ bindings, say, change, labels }) {
  let listening = /** @type {{cap: HTMLElement, shown: string, asked: string | null} | null} */ (null);

  /** A cap, and what shows the category's key on it. @param {() => any} now the category as it is */
  function cell(now) {
    const cap = h('button', {
      type: 'button',
      onclick: () => listen(cap, now()),
      onkeydown: (event) => listening?.cap === cap && take(event, now()),
      onblur: () => listening?.cap === cap && stop(),
    });
    return { cap, show: (key) => show(cap, now(), key) };
  }

  /** @param {string} key its own, or by its place, or '' */
  function show(cap, { name, key: own }, key) {
    const shown = key === '' ? '+' : keyName(key);
    const byPlace = own === null;
    const told = key === '' ? 'none' : byPlace ? `${shown}, by its place` : shown;
    cap.setAttribute('aria-label', `Key of “${name}”: ${told}`);
    cap.title = byPlace && key !== '' ? 'By its place; click for a key of its own' : 'Click, then press another key';
    cap.className = byPlace ? 'mw-key mw-key-button mw-key-add' : 'mw-key mw-key-button';
    if (listening?.cap === cap) {
      listening.shown = shown;
      cap.classList.add('mw-listening');
    } else {
      cap.textContent = shown;
    }
  }

  function listen(cap, category) {
    if (listening?.cap === cap) return;
    listening = { cap, shown: cap.textContent, asked: null };
    cap.classList.add('mw-listening');
    cap.textContent = '…';
    say(`Press the key for “${category.name}”. Delete leaves it to its place, Escape gives up.`);
  }

  function stop() {
    listening.cap.classList.remove('mw-listening');
    listening.cap.textContent = listening.shown;
    listening = null;
  }

  function take(event, category) {
    event.preventDefault();
    event.stopPropagation();
    if (isModifier(event) || event.isComposing) return;
    const chord = chordOf(event);
    if (chord === 'Escape') {
      listening.cap.blur();
      say('The key stays as it is.');
    } else if (chord === 'Delete' || chord === 'Backspace') {
      stop();
      change(category, { key: null });
    } else {
      give(chord, category);
    }
  }

  function give(chord, category) {
    const command = bindings.find([chord]);
    if (command && !DIGITS.includes(chord)) {
      say(`${keyName(chord)} is “${command.does}” on the Annotate page; press another key.`, 'error');
      return;
    }
    const owner = labels().find((other) => other.key === chord && other.id !== category.id);
    if (owner && listening.asked !== chord) {
      listening.asked = chord;
      say(`${keyName(chord)} gives “${owner.name}”; press it again to take it from there.`);
      return;
    }
    stop();
    if (owner) change(owner, { key: null });
    change(category, { key: chord });
  }

  return { cell };
}
