/** What the pointer is over: its highlight and the tag with its name. */
import { h } from '../page/dom.mjs';
import { nameOf, pick } from '../truth/pick.mjs';

const TAG_OFFSET_PX = 14;
const TAG_ROOM_PX = [180, 60];
const TAG_HEIGHT_PX = 24;
const HOVERS_KEPT = 2000;

/**
 * @param {ReturnType<typeof import('../truth/state.mjs').createStore>} store
 * @param {{pixelAt: (x: number, y: number) => [number, number], size: import('./viewport.mjs').Size,
 *   paint: (item: import('../truth/items.mjs').Item | null) => void}} stage
 */
export function createHover(store, { pixelAt, size, paint }) {
  const tag = h('div', { class: 'mw-tag', hidden: true });
  let place = null;
  let item = null;
  let measured = 0;

  function found() {
    return place && store.state.image ? pick(store.state, ...pixelAt(...place)) : null;
  }

  function showTag() {
    tag.hidden = item === null;
    if (item === null) return;
    const score = item.kind === 'proposal' ? ` · ${Math.round(item.score * 100)} %` : '';
    tag.textContent = nameOf(store.state, item) + score;
    const [x, y] = place;
    const left = x > size.width - TAG_ROOM_PX[0] ? x - TAG_OFFSET_PX - tag.offsetWidth : x + TAG_OFFSET_PX;
    const top = y > size.height - TAG_ROOM_PX[1] ? y - TAG_OFFSET_PX - TAG_HEIGHT_PX : y + TAG_OFFSET_PX;
    tag.style.transform = `translate(${Math.round(left)}px, ${Math.round(top)}px)`;
  }

  function become(next) {
    const changed = next?.key !== item?.key || next?.mask !== item?.mask;
    item = next;
    if (changed) paint(item);
    showTag();
  }

  return {
    tag,
    get item() {
      return item;
    },
    /** The pointer is at this point of the stage. @param {[number, number]} at */
    over(at) {
      const from = performance.now();
      place = at;
      become(found());
      if (++measured % HOVERS_KEPT === 0) performance.clearMeasures('mw-hover');
      performance.measure('mw-hover', { start: from });
    },
    /** Nothing is pointed at. */
    out() {
      place = null;
      become(null);
    },
    /** Looks again where the pointer was: the masks changed under it, or the photo moved. */
    again: () => become(found()),
  };
}
