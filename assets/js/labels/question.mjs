/** A question that is answered before something is done. */
import { h } from '../page/dom.mjs';

/** @returns {{element: HTMLElement, ask: (title: string, text: string, yes: string) => Promise<boolean>}} */
export function createQuestion() {
  const title = h('h2', { class: 'mw-merge-title', id: 'mw-question' });
  const text = h('p', { class: 'mw-merge-told' });
  const no = h('button', { class: 'mw-button', value: '', autofocus: true, text: 'Cancel' });
  const yes = h('button', { class: 'mw-button mw-primary', value: 'yes' });
  const dialog = /** @type {HTMLDialogElement} */ (
    h('dialog', { class: 'mw-merge', 'aria-labelledby': 'mw-question' }, [
      h('form', { method: 'dialog' }, [title, text, h('div', { class: 'mw-group mw-merge-buttons' }, [no, yes])]),
    ])
  );
  return {
    element: dialog,
    ask(asked, why, does) {
      title.textContent = asked;
      text.textContent = why;
      yes.textContent = does;
      dialog.returnValue = '';
      dialog.showModal();
      return new Promise((resolve) => {
        dialog.addEventListener('close', () => resolve(dialog.returnValue === 'yes'), { once: true });
      });
    },
  };
}
