/** Keys as text, to take them to another browser or to a colleague. */
import { button } from './controls.mjs';
import { h } from './dom.mjs';

/**
 * @param {ReturnType<typeof import('../commands/bindings.mjs').createBindings>} bindings
 * @param {(text: string) => void} tell what holds for all keys
 */
export function createKeyFile(bindings, tell) {
  const text = /** @type {HTMLTextAreaElement} */ (
    h('textarea', { class: 'mw-help-text', rows: 7, spellcheck: 'false', 'aria-label': 'Your keys as JSON text' })
  );
  const said = h('span', { class: 'mw-muted', role: 'status', 'aria-live': 'polite' });
  const take = button({ name: 'Take over the keys of this text', text: 'Take over' }, () => {
    try {
      bindings.imported(text.value);
      tell('');
      say('Taken over.');
    } catch (error) {
      say(error.message);
    }
  });
  const element = h('div', { class: 'mw-help-file', hidden: true }, [text, h('div', { class: 'mw-group' }, [take, said])]);
  const say = (words) => (said.textContent = words);

  function show(content, words) {
    element.hidden = false;
    text.value = content;
    say(words);
    text.focus();
    text.select();
  }

  return {
    element,
    buttons: [
      button({ name: 'Export your keys as text', text: 'Export' }, () => {
        show(bindings.exported(), 'Copy this text: Ctrl+C.');
      }),
      button({ name: 'Import keys from a text', text: 'Import' }, () => show('', 'Paste exported keys here.')),
    ],
  };
}
