/** GrabCut: the selected mask's border moves to where the colours part, and a box becomes the thing in it. */
import { createBox } from './box.mjs';
import { bbox } from '../masks/masks.mjs';
import { createQuestion } from './waiting.mjs';

const MEANWHILE = 'Cutting out by colour… Escape gives up.';

/**
 * @param {{store: any, session: any, assist: ReturnType<typeof import('../session/assist.mjs').createAssist>,
 *   target: any}} parts
 * @returns {{start: () => void, busy: () => boolean, cancel: () => boolean}}
 */
export function createRefine({ store, session, assist, target }) {
  const question = createQuestion(session);

  function start() {
    const on = target.begin();
    if (on && !on.item) session.say('Select the mask to refine first: click it.');
    if (!on?.item) return;
    const before = on.item.mask;
    void question.put((signal) => assist.refined(on.imageId, before, signal), {
      meanwhile: MEANWHILE,
      then: (mask) => {
        if (store.state.image?.id !== on.imageId) return;
        if (target.current(on)?.mask === before) target.replace(on, mask);
        else session.say('The mask was changed meanwhile; it was not refined.');
      },
    });
  }

  return { start, busy: () => question.busy, cancel: question.drop };
}

/**
 * A box that becomes the thing in it.
 * @param {Parameters<typeof createRefine>[0] & {repaint: () => void}} parts
 * @returns {import('./tools.mjs').Tool}
 */
export function createCutBox(parts) {
  const { session, assist, target } = parts;
  const question = createQuestion(session);

  /** In place of the box itself its thing is added or taken away. */
  function finish(on, box, how) {
    void question.put((signal) => assist.cutOut(on.imageId, bbox(box), signal), {
      meanwhile: MEANWHILE,
      then: (mask) => target.finish(on, mask, how),
    });
  }

  const box = createBox({ ...parts, target: { ...target, finish } });
  return Object.assign(Object.create(box), {
    name: 'cutbox',
    hint: 'Cut out: drag a box closely around one thing. Alt takes the thing away.',
    busy: () => question.busy || box.busy(),
    awaits: () => question.busy || box.awaits(),
    cancel() {
      question.drop();
      box.cancel();
    },
  });
}
