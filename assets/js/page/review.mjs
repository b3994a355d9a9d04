/** Review of the open photo: what a reviewer said, and the two answers, approve and send back with a comment. */
import { button } from './controls.mjs';
import { h } from './dom.mjs';
import { momentText } from './moments.mjs';

const MOST = 2000;

/**
 * @param {ReturnType<typeof import('../truth/state.mjs').createStore>} store
 * @param {Record<string, (argument?: any) => unknown>} commands
 * @returns {{element: HTMLElement, askComment: () => void}}
 */
export function createReview(store, commands) {
  /** @type {Map<number, string>} what was begun to be written, by image */
  const drafts = new Map();
  const remark = h('p', { class: 'mw-remark', hidden: true });
  const comment = h('textarea', {
    class: 'mw-comment',
    rows: 3,
    maxlength: MOST,
    placeholder: 'What is to be changed?',
    'aria-label': 'Comment for the person who labelled this photo',
    onkeydown: onKey,
    oninput: () => drafts.set(store.state.image.id, comment.value),
  });
  const approve = button({ name: 'Approve', text: 'Approve', action: 'approve', showKey: true }, () => commands.approve());
  const back = button({ name: 'Send back…', text: 'Send back…', action: 'sendBack', showKey: true }, () => ask());
  const send = button({ name: 'Send back', text: 'Send back', kind: 'mw-primary' }, give);
  const cancel = button({ name: 'Cancel', text: 'Cancel' }, discard);
  const writing = h('div', { class: 'mw-writing', hidden: true }, [comment, h('div', { class: 'mw-actions' }, [send, cancel])]);
  const answers = h('div', { class: 'mw-actions' }, [approve, back]);
  const element = h('section', { class: 'mw-section mw-review', 'aria-label': 'Review', hidden: true }, [remark, answers, writing]);

  function ask() {
    if (!store.state.image) return;
    element.hidden = false;
    writing.hidden = false;
    comment.focus();
  }

  function give() {
    const text = comment.value.trim();
    if (!text) {
      comment.focus();
      return;
    }
    commands.sendBack(text);
    discard();
  }

  function discard() {
    drafts.delete(store.state.image.id);
    comment.value = '';
    leave();
  }

  /** What is written stays for the next time. */
  function leave() {
    writing.hidden = true;
    update(store.state);
    element.closest('.mw-root').focus({ preventScroll: true });
  }

  function onKey(event) {
    event.stopPropagation();
    if (event.key === 'Escape') leave();
    if (event.key === 'Enter' && (event.ctrlKey || event.metaKey)) give();
  }

  function update({ image }) {
    const said = image?.remark ?? null;
    remark.hidden = said === null;
    if (said) remark.textContent = `Sent back by ${said.user}, ${momentText(said.at)}: ${said.text}`;
    answers.hidden = !image?.done;
    approve.setAttribute('aria-disabled', String(image?.state === 'approved'));
    element.hidden = remark.hidden && answers.hidden && writing.hidden;
  }

  store.subscribe((state, before) => {
    if (state.image?.id !== before.image?.id) {
      comment.value = drafts.get(state.image?.id) ?? '';
      writing.hidden = comment.value === '';
    }
    if (state.image !== before.image) update(state);
  });
  update(store.state);
  return { element, askComment: ask };
}
