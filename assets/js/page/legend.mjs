/** The legend of the current view: categories, their colours and counts. */
import { css, segmentColours } from '../stage/colours.mjs';
import { h } from './dom.mjs';
import { nameOf, shownProposals, shownSegments } from '../truth/pick.mjs';
import { percent } from '../truth/voids.mjs';

/**
 * The legend of a view: one row a category, and one for what has none.
 * @param {import('../truth/state.mjs').State} state
 * @returns {{name: string, colour: number[], hatched: boolean, count: number, colours: number[][]}[]} most first
 */
export function legend(state) {
  const { segments } = state.image;
  const looks = segmentColours(state.view, segments, state.categories, state.palette);
  const rows = new Map();
  segments.forEach((segment, index) => {
    const key = state.categories.has(segment.category_id) ? segment.category_id : null;
    if (!rows.has(key)) rows.set(key, { name: nameOf(state, segment), ...looks[index], count: 0, colours: [] });
    const row = rows.get(key);
    row.count += 1;
    row.colours.push(looks[index].colour);
  });
  return [...rows.values()].sort((a, b) => b.count - a.count);
}

/** @param {import('../truth/state.mjs').State} state @returns {HTMLElement[]} */
export function legendRows(state) {
  if (!state.image) return [];
  const rows = legend(state).map(({ name, colour, colours, hatched, count }) => {
    const swatch = h('span', { class: `mw-swatch${hatched ? ' mw-hatched' : ''}` });
    swatch.style.background = stripes(state.view === 'semantic' ? [colour] : colours);
    return legendRow(swatch, name, count);
  });
  const open = shownProposals(state).length;
  if (open > 0) rows.push(legendRow(h('span', { class: 'mw-swatch mw-dashed' }), 'proposals, undecided', open));
  const hidden = state.image.segments.length - shownSegments(state).length;
  if (hidden > 0) rows.push(h('p', { class: 'mw-muted', text: `${hidden} of these hidden` }));
  return rows;
}

/** How much nobody has labelled. @param {import('../truth/state.mjs').State} state @returns {HTMLElement | null} */
export function voidRow(state) {
  if (!state.image) return null;
  const share = state.findings ? percent(state.findings.unlabelled.share) : '';
  return legendRow(h('span', { class: 'mw-swatch mw-void' }), 'void: nothing labelled', share);
}

const MOST_STRIPES = 4;

function stripes(colours) {
  const shown = [...new Set(colours.map((colour) => css(colour)))].slice(0, MOST_STRIPES);
  const share = 100 / shown.length;
  const stops = shown.map((colour, index) => `${colour} ${index * share}% ${(index + 1) * share}%`);
  return shown.length === 1 ? shown[0] : `linear-gradient(135deg, ${stops.join(', ')})`;
}

function legendRow(swatch, name, count) {
  return h('div', { class: 'mw-legend-row' }, [
    swatch,
    h('span', { class: 'mw-name-text', text: name, title: name }),
    h('span', { class: 'mw-muted', text: String(count) }),
  ]);
}
