/** Names that a person would take for one. */

/** What is left of a name when capitals and blanks are not looked at. @param {string} name */
function bare(name) {
  return name.normalize('NFKC').toLowerCase().replace(/\s+/g, ' ').trim();
}

/**
 * The other category whose name differs in capitals or blanks only, such as “PERSON” beside “person”; none where
 * the very name is taken, which is refused anyway.
 * @template {{id: number, name: string}} C
 * @param {string} name
 * @param {readonly C[]} categories
 * @param {number} [own] the id of the category that gets the name
 * @returns {C | undefined}
 */
export function mistakable(name, categories, own) {
  const others = categories.filter(({ id }) => id !== own);
  if (others.some((other) => other.name === name)) return undefined;
  return others.find((other) => bare(other.name) === bare(name));
}
