/** Making elements. Text goes in as text only, so no name of a file or label can become markup. */

/**
 * @param {string} tag
 * @param {Record<string, any>} [properties] `text`, listeners such as `onclick`, and attributes; false and null
 *   are left out
 * @param {(Node | string | null)[]} [children]
 * @returns {HTMLElement}
 */
export function h(tag, properties = {}, children = []) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(properties)) {
    if (value === false || value == null) continue;
    if (name === 'text') element.textContent = value;
    else if (name.startsWith('on')) element.addEventListener(name.slice(2), value);
    else element.setAttribute(name, value === true ? '' : String(value));
  }
  element.append(...children.filter((child) => child !== null));
  return element;
}

/** The same text put in again would be laid out, and read out, again. @param {Element} element @param {string} text */
export function tell(element, text) {
  if (element.textContent !== text) element.textContent = text;
}

/** @param {string} text */
export function capital(text) {
  return text[0].toUpperCase() + text.slice(1);
}

const SVG = 'http://www.w3.org/2000/svg';
const ICONS = {
  previous: 'M10 3 5 8l5 5',
  next: 'm6 3 5 5-5 5',
  undo: 'M6 3 3 6l3 3M3 6h6a4 4 0 0 1 0 8H6',
  redo: 'm10 3 3 3-3 3M13 6H7a4 4 0 0 0 0 8h3',
  check: 'm3 8.5 3.5 3.5L13 4.5',
  cross: 'm4 4 8 8m0-8-8 8',
  look: 'M8 5.2a2.8 2.8 0 1 0 0 5.6 2.8 2.8 0 0 0 0-5.6ZM8 1v2M8 13v2M1 8h2M13 8h2M3 3l1.4 1.4M11.6 11.6 13 13M13 3l-1.4 1.4M4.4 11.6 3 13',
  film: 'M2 4h12v8H2zM5 4v8M11 4v8',
  panel: 'M2 3h12v10H2zM9.5 3v10',
  select: 'M4 2.5v10l2.6-2.4 1.7 3.9 1.9-.8-1.7-3.8H12z',
  brush: 'M13.5 2.5 7.2 8.8m0 0c-2.4-.5-3.6 1.2-3.7 2.6-.1 1-.7 1.6-1.5 1.8 3.2 1 6.2-.2 6.4-2.7.1-.7-.4-1.4-1.2-1.7Z',
  eraser: 'm6 13-3.5-3.5a1 1 0 0 1 0-1.4l5.6-5.6a1 1 0 0 1 1.4 0l4 4a1 1 0 0 1 0 1.4L8 13.5M5.3 5.3l5.4 5.4M5.5 13.5h8',
  polygon: 'M3.5 6 9 2.5 13.5 7l-3 6.5H4.5Z',
  box: 'M2.5 3.5h11v9h-11Z',
  slice: 'M2.5 13.5 13.5 2.5M3 7V3h4M13 9v4H9',
  wand: 'm3 13 6.5-6.5M11.5 2v3M10 3.5h3M5 3v2M4 4h2M13 8v2M12 9h2',
  cutbox: 'M2.5 5.5v-3h3M10.5 2.5h3v3M13.5 10.5v3h-3M5.5 13.5h-3v-3M8 5.2a2.8 2.8 0 1 0 0 5.6 2.8 2.8 0 0 0 0-5.6Z',
  scissors: 'M5.5 5.5 13.5 12M5.5 10.5 13.5 4M4 6.2a1.7 1.7 0 1 0 0-3.4 1.7 1.7 0 0 0 0 3.4Zm0 7a1.7 1.7 0 1 0 0-3.4 1.7 1.7 0 0 0 0 3.4Z',
};

const ICON_LOOK = {
  viewBox: '0 0 16 16',
  width: 16,
  height: 16,
  fill: 'none',
  stroke: 'currentColor',
  'stroke-width': 1.6,
  'stroke-linecap': 'round',
  'stroke-linejoin': 'round',
  'aria-hidden': 'true',
};

/** A line icon of 16 pixels, hidden from screen readers. @param {keyof typeof ICONS} name */
export function icon(name) {
  const svg = document.createElementNS(SVG, 'svg');
  const path = document.createElementNS(SVG, 'path');
  for (const [key, value] of Object.entries(ICON_LOOK)) svg.setAttribute(key, value);
  path.setAttribute('d', ICONS[name]);
  svg.append(path);
  return svg;
}

/** A key cap such as "Ctrl+Z". @param {string} key */
export function keyCap(key) {
  return h('kbd', { class: 'mw-key', text: keyName(key) });
}

/** A chord as it stands on a key cap, such as "Alt+→". @param {string} key */
export function keyName(key) {
  return key.replace(/[^+]+$/, (last) => KEY_NAMES[last] ?? last);
}

const KEY_NAMES = {
  Delete: 'Del',
  Backspace: '⌫',
  PageUp: 'PgUp',
  PageDown: 'PgDn',
  Escape: 'Esc',
  ArrowRight: '→',
  ArrowLeft: '←',
  ArrowUp: '↑',
  ArrowDown: '↓',
};
