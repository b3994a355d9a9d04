/** The slice: a line across the selected mask, dragged or clicked point by point, parts it. */
import { area } from '../masks/masks.mjs';
import { slice } from '../masks/slices.mjs';
import { nameOf } from '../truth/pick.mjs';
import { drawHandles, lookOf, pathThrough, strokeLine } from './sketch.mjs';

const SLOP_PX = 3;
const LOOK = lookOf(true);

/** @param {{store: any, session: any, stage: () => any, tools: () => any, target: any, repaint: () => void}} parts */
export function createSlice({ store, session, stage, tools, target, repaint }) {
  let draft = null;
  let press = null;
  let pointer = null;

  function drop() {
    [draft, press] = [null, null];
    repaint();
  }

  const at = (point, to = draft.points.at(-1)) => Math.hypot(point.x - to.x, point.y - to.y) * stage().viewport.scale;

  function finish() {
    const { on, points } = draft;
    drop();
    const item = target.current(on);
    const masks = item ? slice(item.mask, points) : [];
    if (masks.length > 1) part(item, masks);
    else session.say('The line parts nothing: draw it right across the selected mask.');
  }

  /** The smaller parts are selected: they are what was cut off. */
  function part(item, masks) {
    const of = item.kind === 'segment' ? { segments: [item.id] } : { proposals: [item.id] };
    const created = session.act('slice', { ...of, masks });
    const areas = masks.map(area);
    const largest = areas.indexOf(Math.max(...areas));
    const keys = item.kind === 'segment' ? created : created.filter((_, index) => index !== largest);
    store.dispatch({ type: 'select', keys });
    tools().take('select');
    session.say(`${nameOf(store.state, item)}: cut in ${masks.length} parts; what was cut off is selected.`);
  }

  return {
    name: 'slice',
    cursor: 'crosshair',
    hint: 'Slice: drag a line across the selected mask, or click its points and press Enter.',
    down(point) {
      const on = draft?.on ?? target.begin();
      if (!on) return;
      if (!on.item) {
        session.say('Select the mask to slice first (Ctrl+Click it).');
        return;
      }
      if (draft && at(point) <= SLOP_PX) {
        finish();
        return;
      }
      press = { from: point, clicks: draft !== null };
      draft = { on, points: [...(draft?.points ?? []), point] };
      repaint();
    },
    move(points) {
      if (!press) return;
      pointer = points.at(-1);
      press.drags ||= at(pointer, press.from) > SLOP_PX;
      if (press.drags) draft.points.push(...points);
      repaint();
    },
    up() {
      if (!press) return;
      const ended = press.drags && !press.clicks;
      press = null;
      if (ended) finish();
    },
    hover(point) {
      pointer = point;
      if (draft) repaint();
    },
    confirm() {
      if (!draft) return false;
      finish();
      return true;
    },
    back() {
      if (!draft) return false;
      draft.points.pop();
      if (draft.points.length === 0) drop();
      repaint();
      return true;
    },
    cancel: drop,
    unfinished: () => draft,
    resume(left) {
      draft = left;
      repaint();
    },
    busy: () => draft !== null,
    awaits: () => press?.drags === true,
    draw(context, viewport) {
      if (!draft) return;
      const ahead = pointer && !press ? [pointer] : [];
      const vertices = [...draft.points, ...ahead].map(({ x, y }) => [x, y]);
      strokeLine(context, pathThrough(viewport, vertices), LOOK);
      if (!press?.drags) drawHandles(context, viewport, vertices.slice(0, draft.points.length), LOOK);
    },
  };
}
