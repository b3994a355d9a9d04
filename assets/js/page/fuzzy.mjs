/** Fuzzy search over names: the letters of the query in order, best at the starts of words. */

/**
 * How well a name fits; −1 when it does not. A whole name beats a start, a start beats a word's start, and so on.
 * @param {string} query
 * @param {string} name
 * @returns {number}
 */
export function fuzzyScore(query, name) {
  const wanted = query.trim().toLowerCase();
  const text = name.toLowerCase();
  if (wanted === '' || text === wanted) return 1000;
  const found = text.indexOf(wanted);
  if (found === 0) return 900 - text.length;
  if (found > 0) return (startsWord(text, found) ? 800 : 600) - text.length;
  return scattered(wanted.replace(/\s+/g, ''), text);
}

function startsWord(text, at) {
  return at === 0 || !/[\p{L}\p{N}]/u.test(text[at - 1]);
}

function scattered(wanted, text) {
  let score = 300 - text.length;
  let at = -1;
  for (const letter of wanted) {
    const next = text.indexOf(letter, at + 1);
    if (next < 0) return -1;
    if (!startsWord(text, next)) score -= Math.min(next - at - 1, 8);
    at = next;
  }
  return Math.max(score, 0);
}

/**
 * The items whose names fit, best first; equal ones keep their order.
 * @template {{name: string}} T
 * @param {string} query
 * @param {T[]} items
 * @param {number} limit
 * @returns {T[]}
 */
export function fuzzyFilter(query, items, limit) {
  return items
    .map((item) => ({ item, score: fuzzyScore(query, item.name) }))
    .filter(({ score }) => score >= 0)
    .sort((a, b) => b.score - a.score)
    .slice(0, limit)
    .map(({ item }) => item);
}
