/** Photos as a whole: skip, delete, reopen; approve, or send back with a comment; the film strip and the history. */
import { keyFor } from './bindings.mjs';

/**
 * @param {{store: ReturnType<typeof import('../truth/state.mjs').createStore>, session: any,
 *   askComment: () => void}} parts
 * @returns {Record<string, (argument?: any) => unknown>}
 */
export function reviewCommands({ store, session, askComment }) {
  const say = session.say;
  const set = (values) => store.dispatch({ type: 'set', values });
  /** Says it on the next photo too, which opens without a message. */
  async function goOn(said) {
    const { next_id: nextId } = store.state.image;
    say(said);
    if (nextId == null) return;
    await session.open(nextId);
    if (store.state.message.text === '') say(said);
  }

  function approve() {
    const { image } = store.state;
    if (!image.done) say(`Only a photo that is done can be approved; ${keyFor('doneAndNext')} marks it as done.`);
    else if (image.state === 'approved') say('Approved already.');
    else {
      session.act('approve');
      say(`Approved ${image.file_name}. ${keyFor('undo')} takes it back.`);
    }
  }

  function sendBack(comment) {
    if (typeof comment !== 'string') {
      askComment();
      return;
    }
    session.act('send_back', { comment });
    say('Sent back with your comment.');
  }

  function skip() {
    const { image } = store.state;
    if (image.state === 'skipped') {
      session.act('reopen');
      say('Taken up again.');
      return;
    }
    session.act('skip');
    const back = `${keyFor('previousImage')} goes back to it, ${keyFor('undo')} there takes it back.`;
    void goOn(`Skipped ${image.file_name}. ${back}`);
  }

  function deleteImage() {
    const { image } = store.state;
    if (image.state === 'deleted') {
      session.act('reopen');
      say(`${image.file_name} is back in the list.`);
      return;
    }
    session.act('delete_image');
    const back = `the browser’s Back, or “deleted” in the film strip, and ${keyFor('undo')} there.`;
    void goOn(`Deleted ${image.file_name} from the list. To bring it back: ${back}`);
  }

  return {
    approve,
    sendBack,
    skip,
    deleteImage,
    reopen: () => session.act('reopen'),
    film: () => set({ filmShown: !store.state.filmShown }),
    panelTab: (panelTab) => set({ panelTab, panelShown: true }),
    history: () => set({ panelTab: store.state.panelTab === 'history' ? 'label' : 'history', panelShown: true }),
    togglePanel: () => set({ panelShown: !store.state.panelShown }),
  };
}
