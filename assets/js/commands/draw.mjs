/** Which tool is taken, how it draws, and copies for the next photo. */
import { isEmpty } from '../masks/algebra.mjs';
import { steppedSize } from '../tools/brush.mjs';
import { scaled } from '../tools/copy.mjs';
import { selected } from '../truth/pick.mjs';
import { keyFor } from './bindings.mjs';
import { selectFirst } from './chosen.mjs';

/** @param {Parameters<typeof import('./commands.mjs').createCommands>[0]} parts */
export function drawCommands({ store, session, api, tools }) {
  const say = session.say;
  let copying = false;
  const set = (values) => store.dispatch({ type: 'set', values });
  // The tool's own key puts it down again.
  const toggle = (name) => () => tools.take(store.state.tool === name ? 'select' : name);

  function resize(step) {
    if (tools.now()?.resize?.(step)) return;
    const brushSize = steppedSize(store.state.brushSize, step);
    set({ brushSize });
    say(`Brush: ${brushSize} px.`);
  }

  function toggleSubtract() {
    set({ subtracts: !store.state.subtracts });
    say(store.state.subtracts ? 'Drawing takes away now.' : 'Drawing adds again.');
  }

  function togglePressure() {
    set({ pressure: !store.state.pressure });
    say(store.state.pressure ? 'A pen’s pressure sets the width.' : 'A pen draws the whole width.');
  }

  function newRegion() {
    store.dispatch({ type: 'select', keys: [] });
    say(
      tools.now() ? 'The next stroke makes a new region.' : `Nothing is selected: ${keyFor('brush')} draws a region.`,
    );
  }

  /** Copies the selection to the next photo and opens that with the copies selected. */
  async function copyToNext() {
    if (copying) return;
    const { image } = store.state;
    const items = selected(store.state);
    if (items.length === 0 || image.next_id == null) {
      say(items.length === 0 ? selectFirst() : 'This is the last photo; there is no next one to copy to.');
      return;
    }
    copying = true;
    try {
      const next = await api.imageAhead(image.next_id);
      const made = copies(items, next).map((wish) => session.act('draw', { ...wish, image: next }));
      await session.open(next.id);
      if (store.state.image?.id === next.id) tell(made, items.length, image, next);
    } catch (error) {
      say(`Not copied: the next photo did not come (${error.message}).`, 'error');
    } finally {
      copying = false;
    }
  }

  function tell(made, wanted, from, to) {
    const keys = made.flat();
    const named = keys.map((key) => `s${store.state.names.get(Number(key.slice(1))) ?? key.slice(1)}`);
    store.dispatch({ type: 'select', keys: named });
    const sameSize = from.width === to.width && from.height === to.height;
    const lost = wanted - keys.length;
    say(
      `${keys.length === 1 ? 'One copy' : `${keys.length} copies`} from ${from.file_name}` +
        `${sameSize ? '' : `, scaled from ${from.width} × ${from.height} to ${to.width} × ${to.height}`}` +
        `${lost > 0 ? `; ${lost} vanished in the scaling` : ''}. ${keyFor('undo')} takes ${made.length > 1 ? 'them back, one label at a time' : 'it back'}.`,
    );
  }

  return {
    selectTool: () => tools.take('select'),
    ...Object.fromEntries(['brush', 'eraser', 'polygon', 'box', 'slice'].map((name) => [name, toggle(name)])),
    smallerBrush: () => resize(-1),
    largerBrush: () => resize(1),
    toggleSubtract,
    togglePressure,
    newRegion,
    copyToNext,
  };
}

/**
 * What is to be drawn on a photo: the masks from below to above, neighbours of one kind together.
 * @param {import('../truth/items.mjs').Item[]} items
 * @returns {{masks: import('../masks/masks.mjs').Mask[], categoryId: number | null, crowd: boolean}[]}
 */
function copies(items, photo) {
  const wishes = [];
  for (const { category_id: categoryId, crowd = false, mask } of [...items].sort(fromBelow)) {
    const copy = scaled(mask, photo);
    if (isEmpty(copy)) continue;
    const last = wishes.at(-1);
    if (last?.categoryId === categoryId && last.crowd === crowd) last.masks.push(copy);
    else wishes.push({ masks: [copy], categoryId, crowd });
  }
  return wishes;
}

/** Proposals come above all segments, larger ones first, as they do when they are accepted. */
function fromBelow(one, other) {
  if (one.kind !== other.kind) return one.kind === 'segment' ? -1 : 1;
  return one.kind === 'segment' ? one.order - other.order || one.hue - other.hue : other.area - one.area;
}
