/**
 * The tools and which of them is taken.
 *
 * A tool is a state machine over points of the photo (see stage/pointer.mjs); `back` takes back its last step. What
 * holds for all is here: Ctrl+click selects whatever tool is taken, another tool or photo puts unfinished work aside.
 * @typedef {import('../stage/pointer.mjs').Tool & {back?: () => boolean, busy?: () => boolean,
 *   awaits?: () => boolean, unfinished?: () => object | null, resume?: (unfinished: object) => void,
 *   options?: HTMLElement}} Tool
 *   `awaits`: its outcome comes by itself, at the pointer's release or with the server's answer; `unfinished`: its work
 *   that can be put aside, which `resume` puts on the photo again; `options`: the tool's own, shown beside its name
 */
import { keyFor } from '../commands/bindings.mjs';
import { createBand } from './band.mjs';
import { createBox } from './box.mjs';
import { createBrush } from './brush.mjs';
import { createPolygon } from './polygon.mjs';
import { createDrafts } from './drafts.mjs';
import { createOutcome } from './outcome.mjs';
import { createCutBox, createRefine } from './refine.mjs';
import { createScissors } from './scissors.mjs';
import { createSlice } from './slice.mjs';
import { createTarget } from './target.mjs';
import { createWand } from './wand.mjs';
import { pick } from '../truth/pick.mjs';

// What stays as one set it.
const KEPT = ['brushSize', 'pressure'];
const ACTIONS = { cutbox: 'refineBox' };
const DRAWINGS = { cutbox: 'box', scissors: 'line', slice: 'cut' };

/** @param {string} tool */
const keyOf = (tool) => keyFor(ACTIONS[tool] ?? tool);
/** What one draws with it. @param {string} tool */
const drawingOf = (tool) => DRAWINGS[tool] ?? tool;

/**
 * @param {{store: ReturnType<typeof import('../truth/state.mjs').createStore>, session: any, stage: () => any,
 *   api: any, assist: any, preferences: any, commands: () => Record<string, (argument?: any) => unknown>}} parts
 */
export function createTools(parts) {
  const { store, session, stage, preferences } = parts;
  const target = createTarget(parts);
  const shared = { ...parts, target, tools: () => taken, repaint: () => stage().repaintDraft() };
  const made = [
    createBrush({ ...shared, name: 'brush' }),
    createBrush({ ...shared, name: 'eraser' }),
    createPolygon(shared),
    createBox(shared),
    createWand(shared),
    createScissors(shared),
    createCutBox(shared),
    createSlice(shared),
  ];
  const hooks = { pressed: () => (askedFor = null), dropped: () => outcome.drop() };
  const tools = new Map(made.map((tool) => [tool.name, selecting(tool, parts, hooks)]));
  const band = createBand(shared);
  const refine = createRefine(shared);
  const now = () => tools.get(store.state.tool) ?? null;
  const busy = () => now()?.busy?.() ?? false;
  const drafts = createDrafts(store);
  const outcome = createOutcome({ store, session, isComing: () => refine.busy() || (now()?.awaits?.() ?? false) });
  // The command that waits for a second press, because of unfinished work.
  let askedFor = null;

  /** Takes unfinished work off the photo. @returns {boolean} whether it is kept */
  function putAside(imageId, thrown) {
    if (!busy()) return false;
    outcome.drop();
    const unfinished = now().unfinished?.() ?? null;
    now().cancel?.();
    if (unfinished) drafts.keep({ imageId, tool: store.state.tool, unfinished, thrown });
    return unfinished !== null;
  }

  function bringBack({ tool, unfinished }) {
    if (tool !== store.state.tool) store.dispatch({ type: 'set', values: { tool } });
    now().resume(unfinished);
    session.say(`The unfinished ${drawingOf(tool)} is back. ${now().hint}`);
  }

  function resume() {
    const draft = drafts.of(store.state.tool);
    if (draft) bringBack(draft);
    return draft !== null;
  }

  /** @param {string} name of a tool, or "select" */
  function take(name) {
    const { tool, base } = store.state;
    if (name === tool) return;
    const isKept = putAside(base?.id, false);
    store.dispatch({ type: 'set', values: { tool: name } });
    if (!resume()) {
      const kept = isKept ? `The unfinished ${drawingOf(tool)} is kept: ${keyOf(tool)} goes on with it.` : '';
      session.say(`${now()?.hint ?? ''} ${kept}`.trim());
    }
    const pixel = stage().pointer();
    if (pixel) now()?.hover?.(stage().pointAt(pixel));
  }

  /** Throws a question's answer or unfinished work away. @returns {boolean} whether there was either */
  function giveUp() {
    if (refine.cancel()) {
      outcome.drop();
      session.say('Given up; nothing was changed.');
      return true;
    }
    if (!busy()) return false;
    const { tool, base } = store.state;
    const isKept = putAside(base.id, true);
    const thrown = `The ${drawingOf(tool)} was thrown away; ${keyFor('undo')} brings it back.`;
    session.say(isKept ? thrown : 'Given up; nothing was changed.');
    return true;
  }

  /** Escape: throws unfinished work away; without any, puts the tool down. @returns {boolean} whether it did either */
  function cancel() {
    if (band.busy()) {
      band.cancel();
      return true;
    }
    if (giveUp()) return true;
    if (!now()) return false;
    take('select');
    return true;
  }

  /** Undo, as far as it is the tools': a step, what is under way, or what was put aside last. @returns {boolean} */
  function undo() {
    if (now()?.back?.()) return true;
    if (now()?.unfinished && busy()) {
      now().cancel();
      session.say(now().hint);
      return true;
    }
    if (giveUp()) return true;
    const draft = drafts.undone();
    if (draft) bringBack(draft);
    return draft !== null;
  }

  /**
   * Whether a command that is about the whole photo, or about a label, is to wait because a drawing is unfinished; the
   * same command once more goes on.
   * @param {string} name
   */
  function holdsBack(name) {
    const { tool } = store.state;
    const goesOn = !now()?.unfinished || !busy() || askedFor === name;
    askedFor = goesOn ? null : name;
    if (goesOn) return false;
    const finish = `${keyFor('clickCrosshair')} finishes it. The same again goes on without it.`;
    session.say(`The ${drawingOf(tool)} is unfinished: ${finish}`);
    return true;
  }

  const kept = KEPT.map((name) => [name, preferences.get(name, store.state[name])]);
  store.dispatch({ type: 'set', values: Object.fromEntries(kept) });
  store.subscribe((state, before) => {
    for (const name of KEPT) if (state[name] !== before[name]) preferences.set(name, state[name]);
    if (state.base?.id === before.base?.id) return;
    band.cancel();
    refine.cancel();
    outcome.drop();
    askedFor = null;
    if (busy()) {
      const where = `The unfinished ${drawingOf(state.tool)} on ${before.base.file_name}`;
      const isKept = putAside(before.base.id, false);
      session.say(isKept ? `${where} is kept: ${keyOf(state.tool)} there goes on with it.` : `${where} was not kept.`);
    }
    resume();
  });
  const taken = {
    now,
    take,
    cancel,
    /** Enter. @returns {boolean} whether the tool did something */
    confirm: () => now()?.confirm?.() ?? false,
    /** Backspace. @returns {boolean} whether the tool had a step to take back */
    back: () => now()?.back?.() ?? false,
    undo,
    holdsBack,
    soon: outcome.soon,
    /** Whether the tool has unfinished work. */
    busy,
    /** What a drag without a tool draws. */
    band: () => band,
    refine,
    target,
  };
  return taken;
}

/** Ctrl+click selects the mask there instead, so that no tool has to be put down for it. */
function selecting(tool, { store, session }, { pressed, dropped }) {
  let picks = false;
  return Object.assign(Object.create(tool), {
    down(point) {
      pressed();
      picks = point.ctrl && !tool.busy?.();
      if (!picks) return tool.down(point);
      const item = pick(store.state, Math.floor(point.x), Math.floor(point.y));
      store.dispatch({ type: 'select', keys: item ? [item.key] : [] });
      session.say(item ? '' : 'Nothing is selected; drawing makes a new region.');
    },
    cancel() {
      if (tool.busy?.()) dropped();
      tool.cancel?.();
    },
    move: (points) => (picks ? undefined : tool.move?.(points)),
    up: (point) => (picks ? undefined : tool.up?.(point)),
  });
}
