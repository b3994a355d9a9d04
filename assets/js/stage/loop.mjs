/** Paints what is out of date once a frame, and moves what was painted while one moves about. */

// While one moves without a stop, the masks are painted sharp again after this many frames all the same.
const MOST_FRAMES_MOVED = 3;

/**
 * @param {Record<string, () => void>} paints by layer, in the order of painting
 * @param {object} does
 * @param {(layers: Set<string>) => void} does.begin may add layers to those about to be painted
 * @param {(layers: Set<string>) => void} does.painted
 */
export function createLoop(paints, { begin, painted }) {
  const dirty = new Set();
  const soon = inNextFrame(paint);

  function paint() {
    if (dirty.size === 0) return;
    begin(dirty);
    const layers = new Set(dirty);
    dirty.clear();
    for (const [layer, run] of Object.entries(paints)) if (layers.has(layer)) run();
    painted(layers);
  }

  return {
    /** These are painted in the next frame. */
    due(...layers) {
      for (const layer of layers) dirty.add(layer);
      soon();
    },
    /** These, and whatever is due, are painted at once. */
    now(...layers) {
      for (const layer of layers) dirty.add(layer);
      paint();
    },
    get isDue() {
      return dirty.size > 0;
    },
  };
}

/**
 * Runs `settle` when one has stopped moving for a frame, or has moved for some.
 * @param {() => void} settle
 * @returns {() => void} to be called at each move
 */
export function createSettling(settle) {
  let frames = 0;
  let moved = false;
  let running = false;

  function frame() {
    frames += 1;
    if (moved && frames < MOST_FRAMES_MOVED) {
      moved = false;
      requestAnimationFrame(frame);
      return;
    }
    running = false;
    settle();
  }

  return () => {
    moved = true;
    if (running) return;
    running = true;
    frames = 0;
    requestAnimationFrame(frame);
  };
}

/**
 * @param {() => void} run
 * @param {(run: () => void) => void} [nextFrame]
 * @returns {() => void} has it run in the next frame, once however often it is called
 */
export function inNextFrame(run, nextFrame = requestAnimationFrame) {
  let awaited = false;
  return () => {
    if (awaited) return;
    awaited = true;
    nextFrame(() => {
      awaited = false;
      run();
    });
  };
}

/** Safari has no idle callback. @param {() => void} run */
export function whenIdle(run) {
  if (window.requestIdleCallback) window.requestIdleCallback(run);
  else setTimeout(run, 50);
}
