/** The keys of the Annotate page, as data: the listener, the help and the buttons all read this one table. */

/**
 * @typedef {object} Binding
 * @property {string} action a command's name
 * @property {string[]} keys chords, as `chordOf` spells them; the first stands on buttons
 * @property {string} does for the help
 * @property {string} group a heading of the help
 * @property {any} [argument] what the command is called with
 */

export const DIGITS = Object.freeze(['1', '2', '3', '4', '5', '6', '7', '8', '9', '0']);
const STEPS = { Left: [-1, 0], Right: [1, 0], Up: [0, -1], Down: [0, 1] };

/** @type {readonly string[]} */
export const GROUPS = Object.freeze(['Decide', 'Label', 'Select', 'Draw', 'Fix', 'Look', 'Photos', 'Crosshair']);

/** @type {readonly Readonly<Binding>[]} */
export const BINDINGS = Object.freeze([
  { action: 'accept', keys: ['A'], does: 'accept the selected proposal', group: 'Decide' },
  { action: 'reject', keys: ['X'], does: 'reject the selected proposal', group: 'Decide' },
  { action: 'defer', keys: ['Space'], does: 'decide later (tap)', group: 'Decide' },
  { action: 'acceptAll', keys: ['Shift+A'], does: 'accept all proposals in sight', group: 'Decide' },
  { action: 'remove', keys: ['Delete', 'Backspace'], does: 'delete the selected segment', group: 'Decide' },
  { action: 'merge', keys: ['J'], does: 'merge the selected masks', group: 'Decide' },
  { action: 'undo', keys: ['Ctrl+Z'], does: 'undo', group: 'Decide' },
  { action: 'redo', keys: ['Ctrl+Shift+Z', 'Ctrl+Y'], does: 'redo', group: 'Decide' },
  ...DIGITS.map((key, argument) => {
    return { action: 'digit', keys: [key], does: `give the label on key ${key}`, group: 'Label', argument };
  }),
  { action: 'search', keys: ['/'], does: 'find or add a label', group: 'Label' },
  { action: 'labelAgain', keys: ['L'], does: 'label with the last label used', group: 'Label' },
  { action: 'applySuggestion', keys: ['U'], does: 'take the first suggested label', group: 'Label' },
  ...DIGITS.slice(0, 5).map((key, argument) => {
    return { action: 'score', keys: [`Alt+${key}`], does: `take suggestion ${key}`, group: 'Label', argument };
  }),
  { action: 'nextMask', keys: ['.'], does: 'next mask', group: 'Select' },
  { action: 'previousMask', keys: [','], does: 'previous mask', group: 'Select' },
  { action: 'nextAlternate', keys: ['Tab'], does: 'next mask under the pointer', group: 'Select' },
  { action: 'previousAlternate', keys: ['Shift+Tab'], does: 'previous mask under the pointer', group: 'Select' },
  { action: 'escape', keys: ['Escape'], does: 'give up, clear the selection, leave the canvas', group: 'Select' },
  { action: 'raise', keys: ['PageUp'], does: 'raise the segment to the top', group: 'Select' },
  { action: 'lower', keys: ['PageDown'], does: 'lower the segment to the bottom', group: 'Select' },
  { action: 'selectTool', keys: ['Q'], does: 'select with the pointer again', group: 'Draw' },
  { action: 'brush', keys: ['B'], does: 'brush', group: 'Draw' },
  { action: 'eraser', keys: ['E'], does: 'eraser', group: 'Draw' },
  { action: 'smallerBrush', keys: ['['], does: 'smaller brush', group: 'Draw' },
  { action: 'largerBrush', keys: [']'], does: 'larger brush', group: 'Draw' },
  { action: 'polygon', keys: ['P'], does: 'polygon', group: 'Draw' },
  { action: 'box', keys: ['R'], does: 'box', group: 'Draw' },
  { action: 'wand', keys: ['W'], does: 'wand: what looks alike', group: 'Draw' },
  { action: 'scissors', keys: ['N'], does: 'scissors: a line that snaps to edges', group: 'Draw' },
  { action: 'slice', keys: ['Alt+J'], does: 'slice the selected mask along a line', group: 'Draw' },
  { action: 'toggleSubtract', keys: ['Shift+E'], does: 'draw to take away, or to add again', group: 'Draw' },
  { action: 'togglePressure', keys: ['Alt+B'], does: 'pen pressure sets the width, or not', group: 'Draw' },
  { action: 'newRegion', keys: ['Shift+N'], does: 'draw a new region, not on the selection', group: 'Draw' },
  { action: 'copyToNext', keys: ['Shift+D'], does: 'copy the selection to the next photo', group: 'Draw' },
  { action: 'splitParts', keys: ['Shift+J'], does: 'split into connected parts', group: 'Fix' },
  { action: 'fillHoles', keys: ['K'], does: 'fill holes', group: 'Fix' },
  { action: 'dropIslands', keys: ['Shift+K'], does: 'drop islands', group: 'Fix' },
  { action: 'refine', keys: ['G'], does: 'refine the edge (GrabCut)', group: 'Fix' },
  { action: 'refineBox', keys: ['Shift+G'], does: 'find the region in a box (GrabCut)', group: 'Fix' },
  { action: 'toggleCheck', keys: ['C'], does: 'check the photo', group: 'Fix' },
  { action: 'nextProblem', keys: [';'], does: 'next problem', group: 'Fix' },
  { action: 'fixProblem', keys: ["'"], does: 'fix this problem', group: 'Fix' },
  { action: 'jumpToVoid', keys: ['F'], does: 'go to the largest unlabelled region', group: 'Fix' },
  { action: 'fillVoid', keys: ['Shift+F'], does: 'fill it from the best proposal', group: 'Fix' },
  { action: 'nextView', keys: ['V'], does: 'next view: semantic, instance, panoptic', group: 'Look' },
  { action: 'toggleMasks', keys: ['T'], does: 'show or hide all masks', group: 'Look' },
  { action: 'toggleHidden', keys: ['H'], does: 'hide the selected mask; again: show hidden ones', group: 'Look' },
  { action: 'isolate', keys: ['I'], does: 'show the selection alone', group: 'Look' },
  { action: 'outlines', keys: ['O'], does: 'outlines', group: 'Look' },
  { action: 'minimap', keys: ['M'], does: 'minimap', group: 'Look' },
  { action: 'toggleLook', keys: ['Shift+V'], does: 'brightness, contrast, colours', group: 'Look' },
  { action: 'togglePanel', keys: ['Alt+P'], does: 'show or close the panel of a small window', group: 'Look' },
  { action: 'higherThreshold', keys: ['Shift+PageUp'], does: 'show fewer proposals', group: 'Look' },
  { action: 'lowerThreshold', keys: ['Shift+PageDown'], does: 'show more proposals', group: 'Look' },
  { action: 'zoomIn', keys: ['+', '='], does: 'zoom in (or turn the wheel)', group: 'Look' },
  { action: 'zoomOut', keys: ['-'], does: 'zoom out', group: 'Look' },
  { action: 'fit', keys: ['Ctrl+0'], does: 'fit the photo', group: 'Look' },
  { action: 'fullSize', keys: ['Ctrl+1'], does: 'one photo pixel a screen pixel', group: 'Look' },
  { action: 'nextImage', keys: ['D', 'ArrowRight'], does: 'next photo', group: 'Photos' },
  { action: 'previousImage', keys: ['S', 'ArrowLeft'], does: 'previous photo', group: 'Photos' },
  { action: 'doneAndNext', keys: ['Ctrl+Enter'], does: 'mark as done, go to the next', group: 'Photos' },
  { action: 'done', keys: ['Shift+Enter'], does: 'mark as done, or open again', group: 'Photos' },
  { action: 'skip', keys: ['Shift+S'], does: 'skip the photo, or take it up again', group: 'Photos' },
  { action: 'approve', keys: ['Ctrl+Shift+Enter'], does: 'approve the photo', group: 'Photos' },
  { action: 'sendBack', keys: ['Shift+X'], does: 'send the photo back with a comment', group: 'Photos' },
  { action: 'deleteImage', keys: ['Shift+Delete'], does: 'delete the photo', group: 'Photos' },
  { action: 'history', keys: ['Shift+H'], does: 'history of the photo and its segments', group: 'Photos' },
  { action: 'film', keys: ['Shift+Q'], does: 'film strip', group: 'Photos' },
  { action: 'help', keys: ['?'], does: 'show and change these keys', group: 'Photos' },
  ...Object.entries(STEPS).flatMap(([side, [x, y]]) => [
    crosshairRow(`Alt+Arrow${side}`, '1 pixel', side, [x, y]),
    crosshairRow(`Alt+Shift+Arrow${side}`, '16 pixels', side, [16 * x, 16 * y]),
  ]),
  { action: 'clickCrosshair', keys: ['Enter'], does: 'click at the crosshair; again: finish', group: 'Crosshair' },
]);

function crosshairRow(key, far, side, argument) {
  return { action: 'moveCrosshair', keys: [key], does: `${far} ${side.toLowerCase()}`, group: 'Crosshair', argument };
}

/** What a pointer does; shown in the help only. @type {readonly {keys: string[], does: string, group: string}[]} */
export const POINTER_HELP = Object.freeze([
  { keys: ['Click'], does: 'select the smallest mask there', group: 'Select' },
  { keys: ['Shift+Click'], does: 'add to or take from the selection', group: 'Select' },
  { keys: ['Drag'], does: 'select all masks inside; with Shift add them', group: 'Select' },
  { keys: ['Drag'], does: 'draw with the tool', group: 'Draw' },
  { keys: ['Ctrl+Click'], does: 'select, whatever tool is taken', group: 'Draw' },
  { keys: ['Shift+Click'], does: 'brush a straight line from the last point', group: 'Draw' },
  { keys: ['Alt+drag'], does: 'take away instead of adding', group: 'Draw' },
  { keys: ['Shift+wheel'], does: 'size of the brush', group: 'Draw' },
  { keys: ['Backspace'], does: 'take the last corner back', group: 'Draw' },
  { keys: ['Double click'], does: 'close the polygon', group: 'Draw' },
  { keys: ['Shift+Enter'], does: 'with a tool: Shift+Click at the crosshair', group: 'Crosshair' },
  { keys: ['Wheel', 'Pinch'], does: 'zoom', group: 'Look' },
  { keys: ['Space+drag', 'Middle button', 'Two fingers'], does: 'move the photo', group: 'Look' },
]);

/** Names a row for ever, whatever its keys are. @param {{action: string, argument?: any}} row */
export function rowId({ action, argument }) {
  return argument === undefined ? action : `${action} ${argument}`;
}

/** @param {readonly Binding[]} bindings @returns {Map<string, Binding>} by chord */
export function keyTable(bindings) {
  return new Map(bindings.flatMap((binding) => binding.keys.map((key) => [key, binding])));
}
