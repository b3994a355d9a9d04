/** The list of corrections that could not be applied: each to be looked at, applied again, or let go. */
import { button } from './controls.mjs';
import { h } from './dom.mjs';
import { around } from '../stage/boxes.mjs';
import { masksOf } from '../session/unsent.mjs';
import { bbox, columns } from '../masks/masks.mjs';

const PICTURE_PX = 72;
const DONE = {
  accept: 'Accept',
  reject: 'Reject',
  defer: 'Defer',
  relabel: 'Label',
  merge: 'Merge',
  delete: 'Delete',
  reorder: 'Reorder',
  draw: 'Draw',
  edit: 'Edit',
  fill: 'Fill',
  slice: 'Slice',
  split: 'Split',
  done: 'Done',
  approve: 'Approve',
  send_back: 'Send back',
  skip: 'Skip',
  delete_image: 'Delete the photo',
  reopen: 'Reopen',
};

/**
 * @param {ReturnType<typeof import('../truth/state.mjs').createStore>} store
 * @param {{show: (entry: Entry) => Promise<boolean>, applyAgain: (entry: Entry) => Promise<void>,
 *   discard: (entry: Entry) => void}} unsent
 * @param {() => void} leave
 * @typedef {import('../session/keeper.mjs').Entry} Entry
 */
export function createUnsentList(store, unsent, leave) {
  const rows = h('ul', { class: 'mw-unsent-rows' });
  const close = button({ name: 'Close the list', text: 'Close' }, () => element.close());
  const element = h('dialog', { class: 'mw-unsent', 'aria-label': 'Corrections that could not be applied' }, [
    h('div', { class: 'mw-heading' }, [h('span', { text: 'Could not be applied' }), close]),
    h('p', { class: 'mw-muted', text: 'The photo was changed before these arrived. Nothing is lost until you discard it.' }),
    rows,
  ]);
  element.addEventListener('close', leave);
  // Keys typed here are no commands.
  element.addEventListener('keydown', (event) => event.stopPropagation());

  function update(state, before) {
    if (state.unsent === before?.unsent && state.categories === before?.categories) return;
    rows.replaceChildren(...state.unsent.map((entry) => row(entry, state)));
    if (element.open && state.unsent.length === 0) element.close();
  }

  function row(entry, state) {
    const [what, when] = [describe(entry.action, state.categories), new Date(entry.madeAt).toLocaleTimeString()];
    const act = (text, run) => button({ name: `${text}: ${what} on ${entry.action.fileName}`, text }, () => void run(entry));
    return h('li', {}, [
      picture(entry),
      h('div', {}, [
        h('p', { class: 'mw-unsent-what', text: `${what} · ${entry.action.fileName}` }),
        h('p', { class: 'mw-muted', text: `${when}: ${entry.why}` }),
        h('div', { class: 'mw-group' }, [
          act('Look', (one) => look(one)),
          act('Apply again', unsent.applyAgain),
          act('Discard', unsent.discard),
        ]),
      ]),
    ]);
  }

  async function look(entry) {
    if (await unsent.show(entry)) element.close();
  }

  store.subscribe(update);
  update(store.state);
  return { element, open: () => element.showModal() };
}

function describe({ operation, categoryId, done, proposals, segments }, categories) {
  const name = operation === 'done' && !done ? 'Not done' : (DONE[operation] ?? operation);
  const label = operation === 'relabel' || operation === 'draw' ? categories.get(categoryId)?.name : null;
  const number = proposals.length + segments.length;
  return [name, label && `“${label}”`, number > 1 ? `${number} masks` : null].filter(Boolean).join(' ');
}

/** The masks that it brings along, filled, as large as fits; null where it brings none. */
function picture(entry) {
  const masks = masksOf(entry);
  const box = around(masks.map(bbox));
  if (box === null) return null;
  const [left, top, width, height] = box;
  const canvas = h('canvas', { width: PICTURE_PX, height: PICTURE_PX, 'aria-hidden': 'true' });
  const scale = PICTURE_PX / Math.max(width, height);
  const context = canvas.getContext('2d');
  context.scale(scale, scale);
  masks.forEach((mask, index) => {
    context.fillStyle = `hsl(${(index * 137) % 360} 70% 55%)`;
    for (const [x, spans] of columns(mask)) {
      for (let i = 0; i < spans.length; i += 2) context.fillRect(x - left, spans[i] - top, 1, spans[i + 1] - spans[i]);
    }
  });
  return canvas;
}
