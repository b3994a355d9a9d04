/** Rows that are dragged by their handle to another place. */

/**
 * @param {HTMLElement} body rows with `data-id`, each with a draggable part
 * @param {(id: number, before: number | null) => void} moved which row it is put before; null: it is the last
 */
export function makeSortable(body, moved) {
  let dragged = /** @type {HTMLElement | null} */ (null);
  const rowOf = (event) => /** @type {HTMLElement | null} */ (event.target.closest('tr[data-id]'));

  function clear() {
    for (const row of body.children) row.classList.remove('mw-drop-before', 'mw-drop-after');
  }

  function below(event, row) {
    const { top, height } = row.getBoundingClientRect();
    return event.clientY > top + height / 2;
  }

  body.addEventListener('dragstart', (event) => {
    dragged = rowOf(event);
    event.dataTransfer.effectAllowed = 'move';
    event.dataTransfer.setDragImage(dragged, 12, 12);
  });
  body.addEventListener('dragover', (event) => {
    const row = rowOf(event);
    if (!dragged || !row) return;
    event.preventDefault();
    clear();
    row.classList.add(below(event, row) ? 'mw-drop-after' : 'mw-drop-before');
  });
  body.addEventListener('drop', (event) => {
    const row = rowOf(event);
    if (!dragged || !row) return;
    event.preventDefault();
    const next = below(event, row) ? row.nextElementSibling : row;
    if (next === dragged || row === dragged) return;
    moved(Number(dragged.dataset.id), next ? Number(next.dataset.id) : null);
  });
  body.addEventListener('dragend', () => {
    dragged = null;
    clear();
  });
}
