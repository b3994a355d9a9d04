/** Where one looks: the viewport, and the size of the stage that it is for. */
import { fitted, moved, revealing, toPhoto, zoomed } from './viewport.mjs';

/**
 * @param {() => import('./viewport.mjs').Size | null} photoSize null without a photo
 * @param {() => void} looked the viewport is another one
 */
export function createCamera(photoSize, looked) {
  const size = { width: 1, height: 1 };
  let ratio = 1;
  let viewport = { scale: 1, left: 0, top: 0 };
  let isFitted = true;

  function look(next, fit = false) {
    if (next === viewport) return;
    isFitted = fit;
    viewport = Math.abs(next.scale * ratio - 1) < 1e-9 ? snapped(next) : next;
    looked();
  }

  /** Pixel on pixel, nothing is blurred. */
  function snapped({ scale, left, top }) {
    return { scale, left: Math.round(left * ratio) / ratio, top: Math.round(top * ratio) / ratio };
  }

  const middle = () => /** @type {[number, number]} */ ([size.width / 2, size.height / 2]);
  const fit = () => look(fitted(photoSize() ?? size, size), true);
  const zoom = (factor, at) => look(zoomed(viewport, factor, at, photoSize() ?? size, size));

  return {
    size,
    get viewport() {
      return viewport;
    },
    /** Device pixels a CSS pixel. */
    get ratio() {
      return ratio;
    },
    /** The stage has another size; a photo that was fitted stays so. */
    resize({ width, height }, pixelRatio) {
      Object.assign(size, { width, height });
      ratio = pixelRatio;
      if (isFitted) fit();
    },
    fit,
    /** @param {number} factor @param {[number, number]} [at] a point of the stage that stays where it is */
    zoom: (factor, at = middle()) => zoom(factor, at),
    /** One photo pixel a device pixel. @param {[number, number]} [at] */
    fullSize: (at = middle()) => zoom(1 / ratio / viewport.scale, at),
    pan: (byX, byY) => look(moved(viewport, byX, byY)),
    /** @param {import('../masks/masks.mjs').Box} box */
    reveal: (box) => look(revealing(viewport, box, size)),
    /** @param {[number, number]} place of the photo, that is put into the middle */
    centre([x, y]) {
      const [stageX, stageY] = middle();
      look({ ...viewport, left: stageX - x * viewport.scale, top: stageY - y * viewport.scale });
    },
    /** The photo pixel in the middle. @returns {[number, number]} */
    middlePixel: () => toPhoto(viewport, ...middle()),
  };
}
