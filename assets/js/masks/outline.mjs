/** The border of a mask along pixel corners, which is exact: filled again (even-odd), it gives the mask back. */
import { columns } from './masks.mjs';

/**
 * Closed loops of corner points [x, y, x, y, …], holes included; only real corners are kept.
 * @param {import('./masks.mjs').Mask} mask
 * @returns {number[][]}
 */
export function outline(mask) {
  const stride = mask.height + 1;
  const edges = new DirectedEdges();
  const byColumn = columns(mask);
  for (const [x, spans] of byColumn) {
    for (let i = 0; i < spans.length; i += 2) {
      edges.add(x * stride + spans[i], (x + 1) * stride + spans[i]);
      edges.add((x + 1) * stride + spans[i + 1], x * stride + spans[i + 1]);
    }
    addSide(edges, x * stride, byColumn.get(x - 1) ?? [], spans);
    if (!byColumn.has(x + 1)) addSide(edges, (x + 1) * stride, spans, []);
  }
  return edges.loops().map((loop) => corners(loop, stride));
}

/** Edges from point to point, the mask on their right; at most two start at a point. */
class DirectedEdges {
  constructor() {
    this.first = new Map();
    this.second = new Map();
  }

  add(from, to) {
    (this.first.has(from) ? this.second : this.first).set(from, to);
  }

  take(from) {
    const edges = this.second.has(from) ? this.second : this.first;
    const to = edges.get(from);
    edges.delete(from);
    return to;
  }

  loops() {
    const loops = [];
    for (const start of this.first.keys()) {
      while (this.first.has(start)) {
        const loop = [start];
        for (let at = this.take(start); at !== start; at = this.take(at)) loop.push(at);
        loops.push(loop);
      }
    }
    return loops;
  }
}

/** The edges between two neighbouring columns, where one is inside and the other is not. */
function addSide(edges, base, left, right) {
  let [i, j, from, inLeft, inRight] = [0, 0, 0, false, false];
  while (i < left.length || j < right.length) {
    const y = Math.min(left[i] ?? Infinity, right[j] ?? Infinity);
    if (inLeft && !inRight) edges.add(base + from, base + y);
    if (inRight && !inLeft) edges.add(base + y, base + from);
    if (left[i] === y) [i, inLeft] = [i + 1, !inLeft];
    if (right[j] === y) [j, inRight] = [j + 1, !inRight];
    from = y;
  }
}

function corners(loop, stride) {
  const points = [];
  for (let i = 0; i < loop.length; i++) {
    const before = loop[(i + loop.length - 1) % loop.length];
    const after = loop[(i + 1) % loop.length];
    const x = Math.floor(loop[i] / stride);
    const y = loop[i] % stride;
    const straight =
      (Math.floor(before / stride) === x && Math.floor(after / stride) === x) ||
      (before % stride === y && after % stride === y);
    if (!straight) points.push(x, y);
  }
  return points;
}
