/** Buttons and sliders of one make: named, with their key shown, and leaving the keyboard with the canvas. */
import { h, icon, keyCap } from './dom.mjs';
import { ariaKeys, keyFor } from './keys.mjs';

/**
 * A button that runs a command.
 * @param {object} look
 * @param {string} look.name what it does, for its tooltip and for screen readers
 * @param {string} [look.text]
 * @param {string} [look.sign] an icon's name
 * @param {string} [look.action] of keys.mjs: its key stands in the tooltip
 * @param {number} [look.argument]
 * @param {boolean} [look.showKey]
 * @param {string} [look.kind] a CSS class beside mw-button
 * @param {() => unknown} run
 */
export function button({ name, text, sign, action, argument, showKey = false, kind = '' }, run) {
  const key = action ? keyFor(action, argument) : '';
  const properties = {
    type: 'button',
    class: `mw-button ${kind}`,
    title: key ? `${name} (${key})` : name,
    'aria-label': name,
    'aria-keyshortcuts': action ? ariaKeys(action, argument) : null,
    'data-action': action,
    // A click must not take the keyboard away from the canvas; the Tab key still reaches the button.
    onmousedown: (event) => event.preventDefault(),
    onclick: run,
  };
  const children = [sign ? icon(sign) : null, text ? h('span', { text }) : null, showKey && key ? keyCap(key) : null];
  return h('button', properties, children);
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
