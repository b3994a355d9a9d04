/** The names of the truth's segments, written where there is room and nothing lies above. */
import { anchor, contains } from './masks.mjs';
import { nameOf, shownSegments } from './pick.mjs';

const FONT = '12px system-ui, "DejaVu Sans", sans-serif';
const LINE_PX = 16;
const PADDING_PX = 4;
const LONGEST = 24;

/**
 * @param {CanvasRenderingContext2D} context drawing in CSS pixels
 * @param {import('./state.mjs').State} state
 * @param {import('./viewport.mjs').Viewport} viewport
 */
export function writeNames(context, state, { scale, left, top }) {
  Object.assign(context, { font: FONT, textAlign: 'center', textBaseline: 'middle' });
  const segments = shownSegments(state);
  segments.forEach((segment, index) => {
    if (!state.categories.has(segment.category_id)) return;
    const name = shortened(nameOf(state, segment));
    const width = context.measureText(name).width + 2 * PADDING_PX;
    const [, , boxWidth, boxHeight] = segment.bbox;
    if (boxWidth * scale < width || boxHeight * scale < LINE_PX) return;
    const [column, row] = anchorOf(segment.mask);
    if (segments.slice(index + 1).some(({ mask }) => contains(mask, column, row))) return;
    const [x, y] = [left + (column + 0.5) * scale, top + (row + 0.5) * scale];
    context.fillStyle = 'rgb(13 15 17 / 0.72)';
    context.fillRect(x - width / 2, y - LINE_PX / 2, width, LINE_PX);
    context.fillStyle = '#fff';
    context.fillText(name, x, y);
  });
}

function shortened(name) {
  return name.length > LONGEST ? `${name.slice(0, LONGEST - 1)}…` : name;
}

const anchors = new WeakMap();

function anchorOf(mask) {
  if (!anchors.has(mask)) anchors.set(mask, anchor(mask));
  return anchors.get(mask);
}
