/** From photo to photo, and when one is done. */
import { keyFor } from './bindings.mjs';

/** @param {Parameters<typeof import('./commands.mjs').createCommands>[0]} parts */
export function photosCommands({ store, session }) {
  function neighbour(id, none) {
    if (id == null) session.say(none);
    else void session.open(id);
  }

  function done() {
    const { image } = store.state;
    session.act('done', { done: !image.done });
    session.say(image.done ? 'Open again.' : `Marked as done. ${keyFor('undo')} takes it back.`);
  }

  const nextImage = () => neighbour(store.state.image.next_id, 'This is the last photo.');

  return {
    nextImage,
    previousImage: () => neighbour(store.state.image.previous_id, 'This is the first photo.'),
    done,
    doneAndNext() {
      if (!store.state.image.done) session.act('done', { done: true });
      nextImage();
    },
  };
}
