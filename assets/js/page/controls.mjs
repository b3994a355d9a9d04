/** Buttons and sliders of one make: named, with their key shown, and leaving the keyboard with the canvas. */
import { h, icon, keyName } from './dom.mjs';
import { ariaKeys, keyFor } from '../commands/bindings.mjs';

/**
 * A button that runs a command.
 * @param {object} look
 * @param {string} look.name what it does, for its tooltip and for screen readers
 * @param {string} [look.text]
 * @param {string} [look.sign] an icon's name
 * @param {string} [look.action] of keys.mjs: its key stands in the tooltip
 * @param {any} [look.argument]
 * @param {boolean} [look.showKey]
 * @param {string} [look.kind] a CSS class beside mw-button
 * @param {() => unknown} run
 */
export function button({ name, text, sign, action, argument, showKey = false, kind = '' }, run) {
  const properties = {
    type: 'button',
    class: `mw-button ${kind}`,
    'aria-label': name,
    'data-name': name,
    'data-action': action,
    'data-argument': argument === undefined ? null : JSON.stringify(argument),
    // A click must not take the keyboard away from the canvas; the Tab key still reaches the button.
    onmousedown: (event) => event.preventDefault(),
    onclick: run,
  };
  const cap = showKey && action ? actionCap(action, argument) : null;
  const made = h('button', properties, [sign ? icon(sign) : null, text ? h('span', { text }) : null, cap]);
  showKeyOn(made);
  return made;
}

/**
 * The cap of an action's key, which follows when the key is changed. Drawn by the style sheet: it is no part of the
 * button's name, which is told with aria-keyshortcuts.
 * @param {string} action
 * @param {any} [argument]
 */
export function actionCap(action, argument) {
  const cap = h('kbd', { class: 'mw-key', 'aria-hidden': 'true', 'data-cap-of': action });
  if (argument !== undefined) cap.dataset.argument = JSON.stringify(argument);
  showKeyOn(cap);
  return cap;
}

/** Puts the keys in force on all buttons and caps inside. @param {Element} root */
export function showKeys(root) {
  for (const element of root.querySelectorAll('[data-name][data-action], [data-cap-of]')) showKeyOn(element);
}

/**
 * @param {{name: string, min: number, max: number, step: number}} look
 * @param {(value: number) => void} change
 */
export function slider({ name, min, max, step }, change) {
  return h('input', {
    type: 'range',
    class: 'mw-slider',
    'aria-label': name,
    min,
    max,
    step,
    oninput: (event) => change(event.target.valueAsNumber),
    onpointerup: (event) => event.target.closest('.mw-root').focus({ preventScroll: true }),
  });
}

function showKeyOn(element) {
  const { name, action, capOf, argument } = element.dataset;
  const key = keyFor(action ?? capOf, argument === undefined ? undefined : JSON.parse(argument));
  if (capOf) {
    element.dataset.key = keyName(key);
    element.hidden = key === '';
    return;
  }
  element.title = key ? `${name} (${key})` : name;
  const aria = action ? ariaKeys(action, argument === undefined ? undefined : JSON.parse(argument)) : '';
  if (aria) element.setAttribute('aria-keyshortcuts', aria);
  else element.removeAttribute('aria-keyshortcuts');
}
