/** Keys of the page's own root become commands; what is typed into a text box stays there. */
import { BINDINGS, chordOf, keyTable } from './keys.mjs';

/**
 * @param {HTMLElement} root
 * @param {{commands: Record<string, (argument?: any) => unknown>, stage: {pointer: () => [number, number] | null,
 *   holdSpace: (held: boolean) => boolean}, isHelpOpen: () => boolean}} parts
 */
export function listenToKeys(root, { commands, stage, isHelpOpen }) {
  const table = keyTable(BINDINGS);

  root.addEventListener('keydown', (event) => {
    const binding = table.get(chordOf(event));
    if (!binding || !isOurs(event, binding)) return;
    event.preventDefault();
    // A command key must not also reach the page around us, where it may mean something else.
    event.stopPropagation();
    if (binding.action === 'defer') stage.holdSpace(true);
    else if (!event.repeat || REPEATS.has(binding.action)) commands[binding.action](binding.argument);
  });

  root.addEventListener('keyup', (event) => {
    if (event.key !== ' ' || event.target !== root) return;
    if (!stage.holdSpace(false)) commands.defer();
  });

  function isOurs(event, binding) {
    if (isHelpOpen()) return false;
    if (event.target.closest('input:not([type=range])')) return false;
    if (event.target === root) return !NEEDS_POINTER.has(binding.action) || stage.pointer() !== null;
    // On a focused button or slider the keys that work it are its own.
    return !/^(Space|Enter|Tab|Shift\+Tab|Arrow\w+|Page\w+|Escape)$/.test(chordOf(event));
  }
}

// Held down, these go on; the others act once a press.
const REPEATS = new Set([
  'nextMask',
  'previousMask',
  'nextAlternate',
  'previousAlternate',
  'nextImage',
  'previousImage',
  'zoomIn',
  'zoomOut',
  'undo',
  'redo',
]);
const NEEDS_POINTER = new Set(['nextAlternate', 'previousAlternate']);
