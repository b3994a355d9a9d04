/** A page without a browser: the tools over a real store, their corrections kept and applied ahead. */
import { createTools } from '../../../assets/js/tools/tools.mjs';
import { createTypeAhead } from '../../../assets/js/session/typeahead.mjs';
import { createStore } from '../../../assets/js/truth/state.mjs';
import { area, bbox, encodeMask } from '../../../assets/js/masks/masks.mjs';
import { actionOf, makes } from '../../../assets/js/session/actions.mjs';

const item = (kind, mask, id) => ({
  id,
  kind,
  key: `${kind[0]}${id}`,
  mask,
  counts: encodeMask(mask),
  area: area(mask),
  bbox: bbox(mask),
  category_id: 1,
  ...(kind === 'segment' ? { hue: id, order: id, crowd: false } : { score: 0.9, decision: 'undecided', query: id }),
});

/** A photo of 80 × 60 pixels with these masks, numbered from 1. */
export function imageWith({ segments = [], proposals = [] } = {}) {
  return {
    id: 1,
    file_name: '1.jpg',
    width: 80,
    height: 60,
    revision: 3,
    proposing: { state: 'ready', message: '' },
    segments: segments.map((mask, index) => item('segment', mask, index + 1)),
    proposals: proposals.map((mask, index) => item('proposal', mask, index + 1)),
  };
}

/** A point of the photo, which is shown at its own size. */
export function at(x, y, held = {}) {
  const none = { shift: false, alt: false, ctrl: false, pressure: 0.5, pointerType: 'mouse' };
  return { x, y, stageX: x, stageY: y, ...none, ...held };
}

/** @param {object} [parts] of the tools, beside or instead of those made here */
export function drawing(image, selection = [], parts = {}) {
  const store = createStore();
  const acts = [];
  let provisional = 0;
  const session = {
    soon: createTypeAhead(store).soon,
    say: (text, kind) => store.dispatch({ type: 'say', text, kind }),
    act(operation, wish = {}) {
      const created = Array.from({ length: makes(operation, wish) }, () => --provisional);
      const action = { ...actionOf(operation, wish), created, imageId: wish.image?.id ?? image.id };
      store.dispatch({ type: 'acted', action });
      const keys = created.map((id) => `s${id}`);
      acts.push({ operation, ...wish, keys });
      return keys;
    },
  };
  const preferences = { get: (_, fallback) => fallback, set: () => {} };
  const stage = () => ({ viewport: { scale: 1, left: 0, top: 0 }, repaintDraft: () => {}, pointer: () => null });
  const tools = createTools({ store, session, stage, preferences, api: {}, commands: () => ({}), ...parts });
  const categories = [{ id: 1, name: 'car', colour: [1, 2, 3], is_thing: true }];
  store.dispatch({ type: 'workspace', workspace: { categories, default_threshold: 0.5 } });
  store.dispatch({ type: 'opened', image, photo: null, askedAt: 0 });
  store.dispatch({ type: 'select', keys: selection });
  return {
    store,
    session,
    tools,
    acts,
    state: () => store.state,
    take(name, values = {}) {
      store.dispatch({ type: 'set', values });
      tools.take(name);
    },
    drag(points) {
      const tool = tools.now();
      tool.down(points[0]);
      for (const point of points.slice(1)) tool.move([point]);
      tools.now()?.up(points.at(-1));
    },
    click(point) {
      const tool = tools.now();
      tool.down(point);
      tool.up(point);
    },
  };
}
