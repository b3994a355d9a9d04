/** Answers that are worked out once and kept as long as the masks they are about: a mask never changes. */

/** @typedef {import('./masks.mjs').Mask} Mask */

/**
 * @template T
 * @param {(mask: Mask) => T} compute
 * @returns {((mask: Mask) => T) & {has: (mask: Mask) => boolean}}
 */
export function keptWithMask(compute) {
  const answers = new WeakMap();
  const answer = (mask) => {
    if (!answers.has(mask)) answers.set(mask, compute(mask));
    return answers.get(mask);
  };
  return Object.assign(answer, { has: (mask) => answers.has(mask) });
}

/**
 * Of the lists that begin with the same mask the last one's answer is kept.
 * @template T
 * @param {(masks: Mask[]) => T} compute
 * @returns {(masks: Mask[]) => T} of one mask at least
 */
export function keptWithMasks(compute) {
  const answers = new WeakMap();
  return (masks) => {
    const kept = answers.get(masks[0]);
    if (kept && kept.masks.length === masks.length && kept.masks.every((mask, i) => mask === masks[i])) {
      return kept.answer;
    }
    const answer = compute(masks);
    answers.set(masks[0], { masks, answer });
    return answer;
  };
}

/**
 * @template T
 * @param {(a: Mask, b: Mask) => T} compute
 * @returns {(a: Mask, b: Mask) => T}
 */
export function keptWithPair(compute) {
  const ofFirst = keptWithMask((a) => keptWithMask((b) => compute(a, b)));
  return (a, b) => ofFirst(a)(b);
}
