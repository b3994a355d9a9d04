/** The whole photo in small, with what is in sight; a click or drag there moves it. */
import { h } from '../page/dom.mjs';
import { inNextFrame } from './loop.mjs';
import { levelFor } from './photo.mjs';

const LONGER_SIDE_PX = 180;
// A long photo's shorter side: what is thinner can hardly be hit.
const SHORTER_SIDE_PX = 24;
const FRAME = '#ffd60a';
// A photo that is as good as all in sight needs none.
const OUT_OF_SIGHT_PX = 2;

/**
 * How large the photo is shown; a very long one wider or higher than it is, so that it can be hit.
 * @param {import('./viewport.mjs').Size} photo
 * @returns {import('./viewport.mjs').Size} CSS pixels
 */
export function sizeOf({ width, height }) {
  const share = LONGER_SIDE_PX / Math.max(width, height);
  const shown = (side) => Math.max(SHORTER_SIDE_PX, Math.round(side * share));
  return { width: shown(width), height: shown(height) };
}

/**
 * @param {ReturnType<typeof import('../truth/state.mjs').createStore>} store
 * @param {ReturnType<typeof import('./camera.mjs').createCamera>} camera
 */
export function createMinimap(store, camera) {
  const canvas = h('canvas', { class: 'mw-minimap', hidden: true, 'aria-hidden': 'true' });

  function isNeeded({ image, photo, minimap }) {
    if (!image || !photo || !minimap) return false;
    const { scale, left, top } = camera.viewport;
    const right = left + image.width * scale - camera.size.width;
    const bottom = top + image.height * scale - camera.size.height;
    return Math.max(-left, -top, right, bottom) > OUT_OF_SIGHT_PX;
  }

  function draw() {
    const { state } = store;
    canvas.hidden = !isNeeded(state);
    if (canvas.hidden) return;
    const { image, photo } = state;
    const { width, height } = sizeOf(image);
    Object.assign(canvas, { width: width * camera.ratio, height: height * camera.ratio });
    Object.assign(canvas.style, { width: `${width}px`, height: `${height}px` });
    const context = canvas.getContext('2d');
    context.scale(camera.ratio, camera.ratio);
    context.imageSmoothingQuality = 'medium';
    const { bitmap } = levelFor(photo, 0);
    if (bitmap.width > 0) context.drawImage(bitmap, 0, 0, width, height);
    frame(context, [width / image.width, height / image.height]);
  }

  /** @param {CanvasRenderingContext2D} context @param {[number, number]} shares of the photo's width and height */
  function frame(context, shares) {
    const { scale, left, top } = camera.viewport;
    const lengths = [-left, -top, camera.size.width, camera.size.height];
    const box = lengths.map((length, index) => (length / scale) * shares[index % 2]);
    context.fillStyle = 'rgb(0 0 0 / 0.45)';
    const shade = new Path2D();
    shade.rect(0, 0, LONGER_SIDE_PX, LONGER_SIDE_PX);
    shade.rect(...box);
    context.fill(shade, 'evenodd');
    Object.assign(context, { strokeStyle: FRAME, lineWidth: 1.5 });
    context.strokeRect(...box);
  }

  function go(event) {
    const { width, height } = canvas.getBoundingClientRect();
    const { image } = store.state;
    camera.centre([(event.offsetX / width) * image.width, (event.offsetY / height) * image.height]);
  }

  canvas.addEventListener('pointerdown', (event) => {
    // Below lies the stage, which would draw or select.
    event.stopPropagation();
    event.preventDefault();
    canvas.setPointerCapture(event.pointerId);
    go(event);
  });
  canvas.addEventListener('pointermove', (event) => {
    event.stopPropagation();
    if (canvas.hasPointerCapture(event.pointerId)) go(event);
  });
  canvas.addEventListener('pointerup', (event) => event.stopPropagation());

  return {
    element: canvas,
    update: inNextFrame(draw),
  };
}
