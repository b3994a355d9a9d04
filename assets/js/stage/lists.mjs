/** What became of lists. */

/** Whether two lists hold the same things in the same order. */
export function sameList(a, b) {
  return a.length === b.length && a.every((value, index) => value === b[index]);
}

/**
 * What has to be looked at where a list became another: what came or went, and what passed others.
 * @template T
 * @param {T[]} before without doubles
 * @param {T[]} after without doubles
 * @returns {T[]}
 */
export function changed(before, after) {
  const [was, is] = [new Set(before), new Set(after)];
  const gone = before.filter((one) => !is.has(one));
  const come = after.filter((one) => !was.has(one));
  const passed = passing(
    before.filter((one) => is.has(one)),
    after.filter((one) => was.has(one)),
  );
  return [...gone, ...come, ...passed];
}

/** The one that passed others, or else all between the first and the last that are elsewhere. */
function passing(before, after) {
  let [from, to] = [0, before.length];
  while (from < to && before[from] === after[from]) from++;
  while (to > from && before[to - 1] === after[to - 1]) to--;
  const [was, is] = [before.slice(from, to), after.slice(from, to)];
  if (sameList(was.slice(1), is.slice(0, -1))) return was.slice(0, 1);
  return sameList(was.slice(0, -1), is.slice(1)) ? is.slice(0, 1) : is;
}
