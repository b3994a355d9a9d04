/** What is selected and what can be done with it, as the top of the panel. */
import { GREY, css, proposalColour } from '../stage/colours.mjs';
import { keyFor } from '../commands/bindings.mjs';
import { button } from './controls.mjs';
import { h } from './dom.mjs';
import { suggestionList } from './suggestions.mjs';
import { hiddenArea } from '../stage/hidden.mjs';
import { whenIdle } from '../stage/loop.mjs';
import { isHidden, nameOf, selected, shownProposals } from '../truth/pick.mjs';

/**
 * @param {import('../truth/state.mjs').State} state
 * @param {Record<string, (argument?: any) => unknown>} commands
 * @returns {(Node | null)[]}
 */
export function selectionParts(state, commands) {
  const items = selected(state);
  if (items.length === 0) return nothingSelected(state);
  if (items.length > 1) return severalSelected(items, state, commands);
  const parts = items[0].kind === 'proposal' ? proposalParts : segmentParts;
  return parts(items[0], state, commands).filter(Boolean);
}

function nothingSelected(state) {
  if (!state.image) return [];
  const none = 'No undecided proposal is in sight; a lower threshold may show more.';
  return [
    h('div', { class: 'mw-heading' }, ['Nothing selected']),
    h('p', { class: 'mw-muted', text: 'Click a mask to select it; Shift+Click adds one.' }),
    h('p', { class: 'mw-muted', text: shownProposals(state).length > 0 ? LOOKS : none }),
  ];
}

const LOOKS =
  'Dashed outlines are proposals that wait for your answer, dotted ones you deferred; ' +
  'filled masks are the truth so far.';

function heading(text, note) {
  return h('div', { class: 'mw-heading' }, [h('span', { text }), h('span', { class: 'mw-muted', text: note })]);
}

function nameLine(item, state) {
  const category = state.categories.get(item.category_id);
  const colour = item.kind === 'proposal' ? proposalColour(item, state.categories) : (category?.colour ?? GREY);
  const swatch = h('span', { class: 'mw-swatch' });
  swatch.style.background = css(colour);
  const name = nameOf(state, item);
  return h('div', { class: 'mw-name' }, [swatch, h('span', { class: 'mw-name-text', text: name, title: name })]);
}

function proposalParts(item, state, commands) {
  const rank = state.image.proposals.indexOf(item) + 1;
  const said = item.decision === 'undecided' ? '' : `, ${item.decision}`;
  const parts = [
    heading('Proposal', `${rank} of ${state.image.proposals.length}${said}${hiddenNote(state, item)}`),
    h('div', { class: 'mw-name-row' }, [
      nameLine(item, state),
      h('span', { class: 'mw-confidence', text: `${Math.round(item.score * 100)} %`, title: 'confidence' }),
    ]),
  ];
  parts.push(suggestionList(item, state, commands));
  parts.push(
    h('div', { class: 'mw-actions' }, [
      action(commands, { name: 'Accept', action: 'accept', kind: 'mw-primary' }),
      action(commands, { name: 'Reject', action: 'reject' }),
      action(commands, { name: 'Later', action: 'defer' }),
    ]),
  );
  return parts;
}

const SOURCES = { proposal: 'accepted', merged: 'merged', drawn: 'drawn', imported: 'imported' };

function segmentParts(item, state, commands) {
  const share = (100 * item.area) / (state.image.width * state.image.height);
  const size = `${item.area.toLocaleString('en')} pixels · ${share.toFixed(1)} % of the photo`;
  return [
    heading('Segment', `${SOURCES[item.source] ?? item.source}${hiddenNote(state, item)}`),
    nameLine(item, state),
    h('p', { class: 'mw-muted', text: size + (item.crowd ? ' · crowd' : '') }),
    hiddenLine(item, state),
    suggestionList(item, state, commands),
    h('div', { class: 'mw-actions' }, [
      action(commands, { name: 'Delete', action: 'remove' }),
      action(commands, { name: 'Raise', action: 'raise' }),
      action(commands, { name: 'Lower', action: 'lower' }),
    ]),
  ];
}

function hiddenNote(state, { key }) {
  return isHidden(state, key) ? `, hidden (${keyFor(state.masksShown ? 'toggleHidden' : 'toggleMasks')})` : '';
}

/** How much of the segment others hide, told a moment later: on a large photo the sum takes longer than a frame. */
function hiddenLine(item, state) {
  const line = h('p', { class: 'mw-muted', hidden: true });
  whenIdle(() => {
    const pixels = line.isConnected ? hiddenArea(state, item) : 0;
    line.hidden = pixels === 0;
    line.textContent = `${pixels.toLocaleString('en')} of them lie under others (dotted)`;
  });
  return line;
}

function severalSelected(items, state, commands) {
  const proposals = items.filter(({ kind }) => kind === 'proposal').length;
  const segments = items.length - proposals;
  const counts = [proposals > 0 && `${proposals} proposed`, segments > 0 && `${segments} accepted`].filter(Boolean);
  const names = items.slice(0, 4).map((item) => nameLine(item, state));
  if (items.length > 4) names.push(h('p', { class: 'mw-muted', text: `and ${items.length - 4} more` }));
  return [
    heading(`${items.length} masks`, counts.join(', ')),
    ...names,
    h('div', { class: 'mw-actions' }, [
      action(commands, { name: 'Merge', action: 'merge', kind: 'mw-primary' }),
      proposals > 0 ? action(commands, { name: 'Accept', action: 'accept' }) : null,
      action(commands, { name: segments > 0 ? 'Delete' : 'Reject', action: 'reject' }),
    ]),
  ];
}

function action(commands, look) {
  return button({ ...look, text: look.name, showKey: true }, () => commands[look.action]());
}
