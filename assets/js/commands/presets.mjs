/**
 * Keys for people who come from another tool, by the shortcuts that its documentation lists. What a preset does not
 * name keeps Maskwright's keys, unless the preset gives them to another action.
 */
import { DIGITS } from './keys.mjs';

const CVAT = {
  nextImage: ['F', 'ArrowRight'],
  previousImage: ['D', 'ArrowLeft'],
  jumpToVoid: ['Alt+F'],
  newRegion: ['N', 'Shift+N'],
  scissors: ['Shift+P'],
  merge: ['M', 'J'],
  minimap: ['Shift+M'],
  splitParts: ['Alt+M', 'Shift+J'],
  ...Object.fromEntries(DIGITS.map((digit, index) => [`digit ${index}`, [digit, `Ctrl+${digit}`]])),
  fit: ['Home'],
  fullSize: ['Shift+Home'],
  raise: ['+', '=', 'PageUp'],
  lower: ['-', '_', 'PageDown'],
  zoomIn: ['Ctrl++', 'Ctrl+='],
  zoomOut: ['Ctrl+-'],
  remove: ['Delete', 'Shift+Delete', 'Backspace'],
  deleteImage: ['Alt+Delete'],
  copyToNext: ['Ctrl+B', 'Shift+D'],
  help: ['F1', '?'],
};

const LABELME = {
  nextImage: ['D', 'Ctrl+Shift+D', 'ArrowRight'],
  previousImage: ['A', 'Ctrl+Shift+A', 'ArrowLeft'],
  accept: ['Y'],
  acceptAll: ['Shift+Y', 'Shift+A'],
  polygon: ['Ctrl+N', 'P'],
  box: ['Ctrl+R', 'R'],
  selectTool: ['Ctrl+J', 'Q'],
  search: ['Ctrl+E', '/'],
  deleteImage: ['Ctrl+Delete', 'Shift+Delete'],
  zoomIn: ['Ctrl++', 'Ctrl+=', '+', '='],
  zoomOut: ['Ctrl+-', '-'],
  fullSize: ['Ctrl+0', 'Ctrl+1'],
  fit: ['Ctrl+F'],
};

/** @type {Readonly<Record<string, {name: string, keys: Record<string, string[]>}>>} keys by `rowId` */
export const PRESETS = Object.freeze({
  maskwright: { name: 'Maskwright', keys: {} },
  cvat: { name: 'CVAT', keys: CVAT },
  labelme: { name: 'Labelme', keys: LABELME },
});
