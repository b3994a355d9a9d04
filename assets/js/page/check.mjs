/** What the check finds: how much is unlabelled, and each problem with a button to see it and one to fix it. */
import { keepChecking } from './checking.mjs';
import { button } from './controls.mjs';
import { h } from './dom.mjs';
import { voidText } from '../truth/voids.mjs';

const LONG = {
  jumpToVoid: 'Go there: to the largest unlabelled region',
  fillVoid: 'Fill it from the best proposal',
  nextProblem: 'Next problem',
  fixProblem: 'Fix this problem',
};
// A list that nobody reads to its end; the rest comes when these are fixed.
const MOST_SHOWN = 100;

/**
 * @param {ReturnType<typeof import('../truth/state.mjs').createStore>} store
 * @param {Record<string, (argument?: any) => unknown>} commands
 * @returns {{element: HTMLElement}}
 */
export function createCheck(store, commands) {
  const counter = h('span', { class: 'mw-muted mw-unlabelled' });
  const list = h('ul', { class: 'mw-problems', 'aria-label': 'Problems' });
  const note = h('p', { class: 'mw-muted' });
  const run = (action, text) => button({ name: LONG[action], text, action, showKey: true }, () => commands[action]());
  const element = h('section', { class: 'mw-section mw-check', 'aria-label': 'Check' }, [
    h('div', { class: 'mw-heading' }, ['Check', counter]),
    h('div', { class: 'mw-actions' }, [run('jumpToVoid', 'Go there'), run('fillVoid', 'Fill it')]),
    note,
    h('div', { class: 'mw-actions' }, [run('nextProblem', 'Next'), run('fixProblem', 'Fix')]),
    list,
  ]);

  function update({ findings, problem: current }) {
    counter.textContent = findings ? voidText(findings.unlabelled) : '';
    note.textContent = findings ? summary(findings.problems.length) : 'Looking …';
    const shown = findings?.problems.slice(0, MOST_SHOWN) ?? [];
    const rows = shown.map((problem) => row(problem, problem.id === current, commands));
    keepingPlace(list, () => list.replaceChildren(...rows));
    list.querySelector('[aria-current]')?.scrollIntoView({ block: 'nearest' });
  }

  keepChecking(store);
  store.subscribe((state, before) => {
    if (state.findings !== before.findings || state.problem !== before.problem) update(state);
  });
  update(store.state);
  return { element };
}

function summary(count) {
  if (count === 0) return 'Nothing to fix was found. “Done” is yours to say.';
  const shown = count > MOST_SHOWN ? `, of which ${MOST_SHOWN} stand here` : '';
  const things = count === 1 ? 'One thing' : `${count} things`;
  return `${things} to look at${shown}. “Done” is yours to say all the same.`;
}

function row({ id, kind, text }, isCurrent, commands) {
  const see = h(
    'button',
    {
      type: 'button',
      class: 'mw-problem',
      'aria-current': isCurrent ? 'true' : null,
      'data-action': `problem ${id}`,
      onmousedown: (event) => event.preventDefault(),
      onclick: () => commands.showProblem(id),
    },
    [h('span', { class: `mw-kind mw-kind-${kind}`, text: NAMES[kind] }), h('span', { class: 'mw-problem-text', text })],
  );
  const fixName = `Fix ${NAMES[kind].toLowerCase()}: ${text}`;
  const fix = button({ name: fixName, text: 'Fix' }, () => commands.fixProblem(id));
  fix.dataset.action = `fix ${id}`;
  return h('li', {}, [see, fix]);
}

const NAMES = {
  hidden: 'Hidden',
  overlap: 'Overlap',
  nameless: 'No label',
  island: 'Islands',
  hole: 'Holes',
  void: 'Unlabelled',
};

/** Redraws without losing the keyboard: the focus goes to the same button, or else to the canvas. */
function keepingPlace(element, redraw) {
  const focused = element.contains(document.activeElement) ? document.activeElement.dataset.action : null;
  redraw();
  if (!focused) return;
  const again = element.querySelector(`[data-action="${CSS.escape(focused)}"]`);
  (again ?? element.closest('.mw-root')).focus({ preventScroll: true });
}
