/** How the photo and its masks are looked at. */
import { VIEWS } from '../truth/views.mjs';
import { keyFor } from './bindings.mjs';
import { selectFirst } from './chosen.mjs';

const ZOOM_STEP = 1.25;
// The slider's own scale: the threshold is the square of its share, so that small ones are set finely.
const THRESHOLD_STEP = 0.05;

/** @param {Parameters<typeof import('./commands.mjs').createCommands>[0]} parts */
export function lookCommands({ store, session, stage, toggleLook }) {
  const { say } = session;
  const set = (values) => store.dispatch({ type: 'set', values });

  function toggleHidden() {
    const { selection, hidden } = store.state;
    const fresh = selection.filter((key) => !hidden.has(key));
    if (fresh.length === 0 && hidden.size === 0) {
      say(selectFirst());
      return;
    }
    store.dispatch({ type: 'hidden', hidden: new Set(fresh.length > 0 ? [...hidden, ...fresh] : []) });
    const number = hidden.size + fresh.length;
    say(fresh.length > 0 ? `Hidden: ${number}. ${keyFor('toggleHidden')} again shows what is hidden.` : '');
  }

  function toggleMasks() {
    set({ masksShown: !store.state.masksShown });
    say(store.state.masksShown ? '' : `All masks are hidden; ${keyFor('toggleMasks')} shows them again.`);
  }

  function moveThreshold(step) {
    const share = Math.min(1, Math.max(0, Math.sqrt(store.state.threshold) + step * THRESHOLD_STEP));
    set({ threshold: share ** 2 });
  }

  function isolate() {
    const { isolated, selection } = store.state;
    if (!isolated && selection.length === 0) {
      say(selectFirst());
      return;
    }
    set({ isolated: !isolated });
    say(isolated ? '' : `Only the selection is shown; ${keyFor('isolate')} shows all again.`);
  }

  function toggled(name, off) {
    set({ [name]: !store.state[name] });
    say(store.state[name] ? '' : off());
  }

  return {
    isolate,
    outlines: () => toggled('outlines', () => `Masks without outlines; ${keyFor('outlines')} shows them again.`),
    minimap: () => toggled('minimap', () => `No minimap; ${keyFor('minimap')} shows it where the photo is larger.`),
    fullSize: () => stage.fullSize(),
    toggleLook,
    moveCrosshair: ([x, y]) => stage.crosshair.move(x, y),
    clickCrosshair: (held) => stage.crosshair.press(held),
    view: (view) => set({ view }),
    nextView: () => set({ view: VIEWS[(VIEWS.indexOf(store.state.view) + 1) % VIEWS.length] }),
    toggleMasks,
    toggleHidden,
    higherThreshold: () => moveThreshold(1),
    lowerThreshold: () => moveThreshold(-1),
    zoomIn: () => stage.zoom(ZOOM_STEP),
    zoomOut: () => stage.zoom(1 / ZOOM_STEP),
    fit: () => stage.fit(),
  };
}
