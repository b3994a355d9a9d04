/** The tools at the left, and above the photo what the tool that is taken works on, with its options. */
import { button, slider } from './controls.mjs';
import { h } from './dom.mjs';
import { LARGEST_PX } from '../tools/brush.mjs';
import { isOffered, nameOf, selected } from '../truth/pick.mjs';

/** In the order of the bar; `action` is the command that takes the tool. */
const TOOLS = [
  { tool: 'select', action: 'selectTool', name: 'Select' },
  { tool: 'brush', action: 'brush', name: 'Brush' },
  { tool: 'eraser', action: 'eraser', name: 'Eraser' },
  { tool: 'polygon', action: 'polygon', name: 'Polygon' },
  { tool: 'box', action: 'box', name: 'Box' },
  { tool: 'wand', action: 'wand', name: 'Wand: what looks alike' },
  { tool: 'scissors', action: 'scissors', name: 'Scissors: a line that snaps to edges' },
  { tool: 'cutbox', action: 'refineBox', name: 'Cut out: the thing in a box' },
  { tool: 'slice', action: 'slice', name: 'Slice' },
];
const SIZED = new Set(['brush', 'eraser']);
const ADDING = new Set(['brush', 'polygon', 'box', 'wand', 'scissors', 'cutbox']);
// The sizes one works with are small: the slider's steps are finest there, the size is the square of its share.
const SIZE_STEPS = 100;

/**
 * @param {ReturnType<typeof import('../truth/state.mjs').createStore>} store
 * @param {Record<string, (argument?: any) => unknown>} commands
 * @param {{now: () => import('../tools/tools.mjs').Tool | null}} tools
 * @returns {{tools: HTMLElement, options: HTMLElement}} `options` has its room whatever tool is taken: the photo stays
 *   where it is
 */
export function createToolbox(store, commands, tools) {
  const offered = TOOLS.filter(({ action }) => action in commands);
  const takes = offered.map(({ tool, action, name }) =>
    button({ name, sign: tool, action, kind: 'mw-tool', showKey: true }, () => commands[action]()),
  );
  const name = h('b');
  const works = h('span', { class: 'mw-works-on' });
  const size = createSize(store);
  const less = { name: 'Take away instead of adding', text: 'Take away', action: 'toggleSubtract' };
  const subtract = button(less, () => commands.toggleSubtract());
  const anew = { name: 'Draw a new region', text: 'New region', action: 'newRegion', showKey: true };
  const fresh = button(anew, () => commands.newRegion());
  const light = { name: 'The pen’s pressure sets the width', text: 'Pressure', action: 'togglePressure' };
  const pressure = button(light, () => commands.togglePressure());
  const own = h('span', { class: 'mw-own-options' });
  const options = h('div', { class: 'mw-tool-options', role: 'group', 'aria-label': 'Options of the tool' }, [
    name,
    works,
    size.element,
    pressure,
    own,
    subtract,
    fresh,
  ]);

  function update(state) {
    takes.forEach((one, index) => one.setAttribute('aria-pressed', String(offered[index].tool === state.tool)));
    const tool = tools.now();
    name.textContent = offered.find((one) => one.tool === state.tool)?.name.split(':')[0] ?? state.tool;
    works.textContent = worksOn(state);
    works.title = works.textContent;
    size.element.hidden = !SIZED.has(state.tool);
    size.show(state.brushSize);
    pressure.hidden = !SIZED.has(state.tool) || !state.penSeen;
    pressure.setAttribute('aria-pressed', String(state.pressure));
    own.replaceChildren(...(tool?.options ? [tool.options] : []));
    subtract.hidden = !ADDING.has(state.tool);
    subtract.setAttribute('aria-pressed', String(state.subtracts));
    fresh.hidden = !ADDING.has(state.tool) || state.selection.length === 0;
  }

  const aboutPen = ['brushSize', 'pressure', 'penSeen'];
  const shown = ['tool', 'selection', 'offered', 'image', 'categories', 'subtracts', ...aboutPen];
  store.subscribe((state, before) => shown.some((field) => state[field] !== before[field]) && update(state));
  update(store.state);
  const bar = { class: 'mw-tools', role: 'toolbar', 'aria-label': 'Tools', 'aria-orientation': 'vertical' };
  return { tools: h('div', bar, takes), options };
}

/** @param {import('../truth/state.mjs').State} state */
function worksOn(state) {
  const items = selected(state);
  if (state.tool === 'select') return 'click a mask; Shift+Click adds one, a drag takes all inside';
  if (items.length > 1) return `${items.length} masks are selected: select one`;
  const [item] = items;
  const name = item && (state.categories.has(item.category_id) ? nameOf(state, item) : 'an unlabelled mask');
  if (state.tool === 'slice') return item ? `cuts ${name}` : 'select the mask to cut';
  if (state.tool === 'wand' && item && !state.subtracts) return `makes a new region; Shift adds to ${name}`;
  if (!item) return state.tool === 'eraser' || state.subtracts ? 'takes from the mask under it' : 'makes a new region';
  if (isOffered(state, item)) return `changes ${name} if it crosses its edge, else makes a new region`;
  return `changes ${item.kind === 'proposal' ? 'and accepts ' : ''}${name}`;
}

function createSize(store) {
  const toSize = (share) => Math.max(1, Math.round((share / SIZE_STEPS) ** 2 * LARGEST_PX));
  const set = (share) => store.dispatch({ type: 'set', values: { brushSize: toSize(share) } });
  const range = slider({ name: 'Diameter of the brush', min: 1, max: SIZE_STEPS, step: 1 }, set);
  const text = h('output', { class: 'mw-brush-size' });
  return {
    element: h('label', { class: 'mw-size' }, [h('span', { class: 'mw-muted', text: 'size' }), range, text]),
    show(size) {
      range.value = String(Math.round(Math.sqrt(size / LARGEST_PX) * SIZE_STEPS));
      range.setAttribute('aria-valuetext', `${size} pixels`);
      text.textContent = `${size} px`;
    },
  };
}
