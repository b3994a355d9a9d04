/** From a map of slots to the pixels of a view. */

/**
 * @typedef {import('../masks/masks.mjs').Box} Box
 * @param {Uint32Array} pixels [height · width] that take the colours
 * @param {Uint16Array} slots [height · width] the segment at each pixel; 0: none
 * @param {Int32Array} ids [slots] what each slot stands for; where ids meet there is an edge
 * @param {import('./colours.mjs').Palette} palette
 * @param {{width: number, stripe: number, edge: number, origin: [number, number]}} look stripe: how wide the hatch's
 *   are; edge: how wide an edge is, on the left and upper side of a border; origin: where the stripes are counted from
 * @param {Box} box the pixels that take them
 */
export function recolour(pixels, slots, ids, { base, hatch, edge }, look, box) {
  const { width, stripe, edge: reach, origin } = look;
  const height = slots.length / width;
  const phase = modulo(Math.round(-origin[0] - origin[1]), 2 * stripe);
  const striped = Uint8Array.from({ length: width + height }, (_, at) => Math.floor((at + phase) / stripe) & 1);
  const [first, end] = [box[0], box[0] + box[2]];
  for (let y = box[1]; y < box[1] + box[3]; y++) {
    const down = Math.min(reach, height - 1 - y) * width;
    for (let x = first, i = y * width + first; x < end; x++, i++) {
      const slot = slots[i];
      const right = slots[x + reach < width ? i + reach : i];
      const below = slots[i + down];
      let pixel = striped[x + y] === 0 ? base[slot] : hatch[slot];
      if (right !== slot && ids[right] !== ids[slot]) pixel = edge[slot] || edge[right] || pixel;
      else if (below !== slot && ids[below] !== ids[slot]) pixel = edge[slot] || edge[below] || pixel;
      pixels[i] = pixel;
    }
  }
}

/**
 * Lines along the inside of what is seen of some segments, with a casing outside; none where the photo ends.
 * @param {Uint32Array} pixels [height · width] that take the lines
 * @param {Uint16Array} slots [height · width]
 * @param {Uint8Array} outlined [slots] 1: this one
 * @param {{width: number, line: number, casing: number}} look pixels as ImageData holds them
 * @param {Box} box the pixels that take them
 */
export function outline(pixels, slots, outlined, look, box) {
  const { width, line, casing } = look;
  const [first, end] = [box[0], box[0] + box[2]];
  for (let y = box[1]; y < box[1] + box[3]; y++) {
    for (let x = first, i = y * width + first; x < end; x++, i++) {
      const slot = slots[i];
      const left = x > 0 ? slots[i - 1] : slot;
      const right = x + 1 < width ? slots[i + 1] : slot;
      const above = i >= width ? slots[i - width] : slot;
      const below = i + width < slots.length ? slots[i + width] : slot;
      if (left === slot && right === slot && above === slot && below === slot) continue;
      if (outlined[slot]) pixels[i] = line;
      else if (outlined[left] || outlined[right] || outlined[above] || outlined[below]) pixels[i] = casing;
    }
  }
}

function modulo(value, by) {
  return ((value % by) + by) % by;
}
