/** How the photo and its masks look: a small dialog over the stage, and what of it a browser remembers. */
import { actionCap, button, slider } from './controls.mjs';
import { h } from './dom.mjs';
import { onceAFrame } from './frames.mjs';

/** @typedef {ReturnType<typeof import('../truth/state.mjs').createStore>} Store */

const LIGHT = { min: 20, max: 300, step: 5 };
const SLIDERS = [
  { name: 'opacity', text: 'Masks', help: 'Opacity of the masks', min: 0, max: 100, step: 5 },
  { name: 'brightness', text: 'Brightness', help: 'Brightness of the photo', ...LIGHT },
  { name: 'contrast', text: 'Contrast', help: 'Contrast of the photo', ...LIGHT },
];
const CHOICES = [
  {
    name: 'palette',
    text: 'Colours',
    options: { label: 'as in the label set', safe: 'safe for the colour-blind' },
  },
  { name: 'theme', text: 'Page', options: { auto: 'as the system', light: 'light', dark: 'dark' } },
];
const SWITCHES = [
  { name: 'outlines', action: 'outlines', text: 'Outlines' },
  { name: 'isolated', action: 'isolate', text: 'The selection alone' },
  { name: 'minimap', action: 'minimap', text: 'Minimap' },
];
const SHOWN = [...SLIDERS, ...CHOICES, ...SWITCHES].map(({ name }) => name);
const REMEMBERED = ['opacity', 'outlines', 'minimap', 'palette', 'theme'];

/**
 * @param {Store} store
 * @param {Record<string, (argument?: any) => unknown>} commands
 * @returns {{element: HTMLElement, toggle: () => void}} `element` lies over the stage
 */
export function createLook(store, commands) {
  const set = (values) => store.dispatch({ type: 'set', values });
  const rows = [
    ...SLIDERS.map((look) => sliderRow(look, (value) => set({ [look.name]: value / 100 }))),
    ...CHOICES.map((look) => choiceRow(look, (value) => choose(look.name, value))),
  ];
  const switches = SWITCHES.map((look) => switchRow(look, commands));
  const asItIs = button({ name: 'Photo as it is: brightness and contrast of the file', text: 'Photo as it is' }, () =>
    set({ brightness: 1, contrast: 1 }),
  );
  const element = h('div', { class: 'mw-look', role: 'dialog', 'aria-label': 'Look', hidden: true }, [
    ...rows.flatMap(({ parts }) => parts),
    h('div', { class: 'mw-look-checks' }, switches.map(({ label }) => label)),
    asItIs,
  ]);

  function choose(name, value) {
    if (name === 'palette') store.dispatch({ type: 'palette', palette: value });
    else set({ [name]: value });
  }

  function update(state) {
    for (const { show } of [...rows, ...switches]) show(state);
  }

  function toggle() {
    element.hidden = !element.hidden;
    if (element.hidden) element.closest('.mw-root').focus({ preventScroll: true });
    else element.querySelector('input').focus();
  }

  // Below lies the stage, which would draw, select or zoom.
  for (const type of ['pointerdown', 'pointermove', 'pointerup', 'wheel']) {
    element.addEventListener(type, (event) => event.stopPropagation());
  }
  element.addEventListener('keydown', (event) => {
    if (event.key !== 'Escape') return;
    event.stopPropagation();
    toggle();
  });
  onceAFrame(store, (state, before) => SHOWN.some((name) => state[name] !== before[name]) && update(state));
  update(store.state);
  return { element, toggle };
}

function sliderRow({ name, text, help, ...range }, change) {
  const input = slider({ name: help, ...range }, change);
  const output = h('output');
  return {
    parts: [h('span', { text }), input, output],
    show(state) {
      const percent = Math.round(state[name] * 100);
      input.value = String(percent);
      input.setAttribute('aria-valuetext', `${percent} percent`);
      output.textContent = `${percent} %`;
    },
  };
}

function choiceRow({ name, text, options }, change) {
  const id = `mw-look-${name}`;
  const list = Object.entries(options).map(([value, option]) => h('option', { value, text: option }));
  const select = h('select', { id, onchange: (event) => change(event.target.value) }, list);
  return { parts: [h('label', { for: id, text }), select], show: (state) => (select.value = state[name]) };
}

function switchRow({ name, action, text }, commands) {
  const input = h('input', { type: 'checkbox', onchange: () => commands[action]() });
  const label = h('label', {}, [input, h('span', { text }), actionCap(action)]);
  return { label, show: (state) => (input.checked = state[name]) };
}

/**
 * Takes up how this browser's person had it last, keeps what is changed, and puts the theme on the page.
 * @param {Store} store
 * @param {ReturnType<typeof import('../session/preferences.mjs').createPreferences>} preferences
 * @param {HTMLElement} root
 */
export function rememberLook(store, preferences, root) {
  for (const name of REMEMBERED) takeUp(name, preferences.get(name, store.state[name]));
  root.dataset.theme = store.state.theme;
  store.subscribe((state, before) => {
    if (state.theme !== before.theme) showTheme(root, state.theme);
    for (const name of REMEMBERED) if (state[name] !== before[name]) preferences.set(name, state[name]);
  });
  if (store.state.theme !== 'auto') showTheme(root, store.state.theme);

  function takeUp(name, value) {
    // What is kept in a browser may be of another version, or of anybody's hand.
    if (typeof value !== typeof store.state[name] || !isKnown(name, value)) return;
    if (name === 'palette') store.dispatch({ type: 'palette', palette: value });
    else store.dispatch({ type: 'set', values: { [name]: value } });
  }
}

function isKnown(name, value) {
  const choice = CHOICES.find((one) => one.name === name);
  if (choice) return Object.hasOwn(choice.options, value);
  return name !== 'opacity' || (value >= 0 && value <= 1);
}

/** The page around us has its own mark for a dark theme. */
function showTheme(root, theme) {
  root.dataset.theme = theme;
  const isDark = theme === 'dark' || (theme === 'auto' && matchMedia('(prefers-color-scheme: dark)').matches);
  document.body.classList.toggle('dark', isDark);
}
