/** Which key gives which category. */
import { DIGITS } from '../commands/keys.mjs';

/**
 * The key of each category that has one: its own, or by its place one of the digits that are left.
 * @template {{id: number, key?: string | null}} C
 * @param {readonly C[]} categories in the label set's order
 * @returns {Map<string, C>} by key
 */
export function labelKeys(categories) {
  const keys = new Map(categories.filter(({ key }) => key).map((category) => [category.key, category]));
  const free = DIGITS.filter((digit) => !keys.has(digit));
  const others = categories.filter(({ key }) => !key);
  others.slice(0, free.length).forEach((category, index) => keys.set(free[index], category));
  return keys;
}
