/** Colours as an input of type colour has them. */

/** @param {readonly number[]} colour red, green, blue, 0 to 255 @returns {string} "#rrggbb" */
export function toHex(colour) {
  return `#${colour.map((part) => part.toString(16).padStart(2, '0')).join('')}`;
}

/** @param {string} hex "#rrggbb" @returns {[number, number, number]} */
export function fromHex(hex) {
  return /** @type {[number, number, number]} */ ([1, 3, 5].map((at) => Number.parseInt(hex.slice(at, at + 2), 16)));
}
