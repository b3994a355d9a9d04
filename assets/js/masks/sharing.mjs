/** Who gets the pixels between parts: each goes to the lowest owner around it, pixels beside an owned one first. */

/** @typedef {import('./regions.mjs').Parts} Parts */

const NOBODY = 0xffffffff;
const ASIDE = [-1, 0, 1];

/**
 * Round by round each pixel goes to the lowest owner around it, corners included; what nobody reaches goes to owner 0.
 * @param {import('./masks.mjs').Mask} between pixels of no part
 * @param {Parts} parts
 * @param {number[]} owners of the parts
 * @returns {{pixels: Uint32Array, owners: Uint32Array}} the pixels' numbers, ascending, and whose each is
 */
export function sharedOut(between, parts, owners) {
  const pixels = pixelsOf(between);
  const owned = besideParts(pixels, between.height, parts, owners);
  const beside = neighboursOf(pixels, between.height);
  const waits = new Uint8Array(pixels.length);
  let open = [];
  for (let i = 0; i < owned.length; i++) if (owned[i] === NOBODY) open.push(i);
  while (open.length > 0) {
    const found = open.map((i) => lowestOf(owned, beside(i)));
    const reached = open.filter((_, at) => found[at] !== NOBODY);
    open.forEach((i, at) => (owned[i] = found[at]));
    open = [];
    for (const i of reached) {
      for (const j of beside(i)) if (owned[j] === NOBODY && !waits[j]) open.push(j) && (waits[j] = 1);
    }
    for (const j of open) waits[j] = 0;
  }
  return { pixels, owners: owned.map((owner) => (owner === NOBODY ? 0 : owner)) };
}

function lowestOf(owned, places) {
  let lowest = NOBODY;
  for (const place of places) if (owned[place] < lowest) lowest = owned[place];
  return lowest;
}

/**
 * Which parts have a pixel beside one of a mask's, corners included.
 * @param {import('./masks.mjs').Mask} mask @param {Parts} parts @returns {Uint8Array} 1 for those
 */
export function touchedBy(mask, parts) {
  const touched = new Uint8Array(parts.parts.length);
  eachBeside(pixelsOf(mask), mask.height, parts, (_, place) => (touched[place] = 1));
  return touched;
}

/** For each pixel the lowest owner of the parts around it, or NOBODY. */
function besideParts(pixels, height, parts, owners) {
  const owned = new Uint32Array(pixels.length).fill(NOBODY);
  eachBeside(pixels, height, parts, (i, place) => {
    if (owners[place] < owned[i]) owned[i] = owners[place];
  });
  return owned;
}

/** Visits, for ascending pixels, the parts with a pixel in the nine around each: its place in `pixels`, the part's. */
function eachBeside(pixels, height, { runs, places }, visit) {
  const { count, columns, tops, bottoms } = runs;
  for (const aside of ASIDE) {
    let run = 0;
    for (let i = 0; i < pixels.length; i++) {
      const x = Math.floor(pixels[i] / height);
      const y = pixels[i] - x * height;
      const column = x + aside;
      while (run < count && (columns[run] < column || (columns[run] === column && bottoms[run] < y))) run++;
      for (let at = run; at < count && columns[at] === column && tops[at] <= y + 1; at++) visit(i, places[at]);
    }
  }
}

/** For ascending pixels what tells the places of those that touch one of them, corners included. */
function neighboursOf(pixels, height) {
  const before = firstsFrom(pixels, -height - 1);
  const behind = firstsFrom(pixels, height - 1);
  return (i) => {
    const pixel = pixels[i];
    const y = pixel % height;
    const [up, down] = [y > 0 ? 1 : 0, y < height - 1 ? 1 : 0];
    const found = [];
    const take = (first, middle) => {
      for (let j = first; pixels[j] <= middle + down; j++) if (pixels[j] >= middle - up) found.push(j);
    };
    take(before[i], pixel - height);
    take(Math.max(0, i - 1), pixel);
    take(behind[i], pixel + height);
    return found;
  };
}

/** For each pixel the place of the first one that is at least so far from it. */
function firstsFrom(pixels, distance) {
  const firsts = new Uint32Array(pixels.length);
  let first = 0;
  for (let i = 0; i < pixels.length; i++) {
    while (first < pixels.length && pixels[first] < pixels[i] + distance) first++;
    firsts[i] = first;
  }
  return firsts;
}

function pixelsOf({ starts, ends }) {
  const pixels = new Uint32Array(starts.reduce((sum, start, i) => sum + ends[i] - start, 0));
  let count = 0;
  for (let i = 0; i < starts.length; i++) for (let at = starts[i]; at < ends[i]; at++) pixels[count++] = at;
  return pixels;
}
