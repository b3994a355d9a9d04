/** A mask cut in parts along a drawn line; nothing is lost: the parts are disjoint and make up the mask. */
import { boxMask, difference, fromSpans, intersection, isEmpty } from './algebra.mjs';
import { createPixels, walk } from './chains.mjs';
import { area, bbox, contains } from './masks.mjs';
import { parted } from './regions.mjs';
import { sharedOut, touchedBy } from './sharing.mjs';

/**
 * @typedef {import('./masks.mjs').Mask} Mask @typedef {import('./capsule.mjs').Place} Place
 */

// An end's direction is that of its last stretch of this length: a shorter one is a hand's tremble.
const STRETCH_PX = 5;
// A line whose ends are nearer to each other than this share of how far it goes is meant to go round something.
const GAP_SHARE = 0.1;
// What a ragged border leaves beside the line is no part of its own: below this share of the second largest part.
const CRUMB_SHARE = 0.05;

/**
 * The parts of a mask on the sides of a line, largest first (of equal ones the one whose first pixel comes first).
 *
 * The line is a 4-connected chain of pixels. An end inside the mask runs on until it leaves the mask; where that
 * separates nothing, both ends run on until they leave the mask's box. A line that goes round something is closed
 * instead, and cuts that out. Crumbs, and connected parts that the line does not touch, go to the largest part on their
 * side of the line; the line's pixels to the largest part beside them. Where the line crosses only the gap between
 * connected parts, and at most specks on it, they are parted by side.
 * @param {Mask} mask
 * @param {Place[]} points of the line, in photo coordinates
 * @returns {Mask[]} the mask alone where the line separates nothing
 */
export function slice(mask, points) {
  const corners = distinct(points.map(({ x, y }) => [Math.floor(x), Math.floor(y)]));
  if (corners.length < 2 || isEmpty(mask)) return [mask];
  const box = boxMask(bbox(mask), mask.height, mask.width);
  const ends = (bounds) => [...runOn(corners, bounds), ...runOn(corners.toReversed(), bounds)];
  const through = (bounds) => lineMask(ends(bounds), corners, mask);
  const out = isClosed(corners) ? cutAlong([lineMask([], [...corners, corners[0]], mask)], mask, box) : null;
  return out ?? cutAlong([through(mask), through(box)], mask, box) ?? [mask];
}

/** The parts along the first line that separates any; of the last one the sides are taken. @returns {Mask[] | null} */
function cutAlong(lines, mask, box) {
  const sides = once(() => parted(difference(box, lines.at(-1))));
  for (const line of lines) {
    const cut = intersection(line, mask);
    const pieces = parted(difference(mask, cut));
    const owners = ownersOf(pieces, cut, sides, line === lines.at(-1));
    if (owners.some((owner) => owner > 0)) return assembled(pieces, owners, cut);
  }
  return null;
}

/** @template T @param {() => T} make @returns {() => T} what makes it when it is first asked for */
function once(make) {
  let made;
  return () => (made ??= make());
}

function distinct(pixels) {
  return pixels.filter(([x, y], i) => i === 0 || x !== pixels[i - 1][0] || y !== pixels[i - 1][1]);
}

const distance = ([x0, y0], [x1, y1]) => Math.max(Math.abs(x1 - x0), Math.abs(y1 - y0));

function isClosed(corners) {
  const far = corners.reduce((most, corner) => Math.max(most, distance(corners[0], corner)), 0);
  return distance(corners[0], corners.at(-1)) <= GAP_SHARE * far;
}

/** The pixels given and those of the chain through the corners, as far as they lie in the photo. */
function lineMask(pixels, corners, { height, width }) {
  const line = createPixels(height, width);
  for (const [x, y] of pixels) line.add(x, y);
  for (let i = 1; i < corners.length; i++) walk(corners[i - 1], corners[i], line.add);
  return line.mask();
}

/** The pixels from the first corner on, away from the others, as long as they are inside of `bounds`. */
function runOn(corners, bounds) {
  const [x, y] = corners[0];
  const away = corners.find((corner) => distance(corner, [x, y]) >= STRETCH_PX);
  const [fromX, fromY] = away ?? corners.at(-1);
  const far = bounds.width + bounds.height;
  const pixels = [];
  walk([x, y], [x + (x - fromX) * far, y + (y - fromY) * far], (...pixel) => {
    const inside = contains(bounds, ...pixel);
    if (inside) pixels.push(pixel);
    return inside;
  });
  return pixels;
}

/** Which part each piece belongs to, 0 being the largest; none above 0 where nothing is separated. */
function ownersOf(pieces, cut, sides, isLast) {
  const { parts } = pieces;
  const beside = touchedBy(cut, pieces);
  const touched = parts.map((_, piece) => piece).filter((piece) => beside[piece]);
  const oneSided = isLast && new Set(touched.map((piece) => sideOf(parts[piece], sides()))).size < 2;
  const owners = isEmpty(cut) || oneSided ? bySide(parts, sides()) : [0];
  if (touched.length < 2 || owners.some((owner) => owner > 0)) return owners;
  const least = CRUMB_SHARE * area(parts[touched[1]]);
  const kept = touched.filter((piece, rank) => rank < 2 || area(parts[piece]) >= least);
  const rank = new Map(kept.map((piece, index) => [piece, index]));
  if (kept.length === parts.length) return parts.map((_, piece) => rank.get(piece));
  const first = lowestRanks(pieces, rank, sides());
  return parts.map((part, piece) => rank.get(piece) ?? first[sideOf(part, sides())] ?? 0);
}

/** For each side the lowest rank of the pieces that have one and meet it; 0 where none does. */
function lowestRanks({ runs, places }, rank, sides) {
  const lowest = sides.parts.map(() => Infinity);
  let side = 0;
  for (let run = 0; run < runs.count; run++) {
    const own = rank.get(places[run]);
    if (own === undefined) continue;
    while (side < sides.runs.count && isBefore(sides.runs, side, runs, run)) side++;
    for (let at = side; at < sides.runs.count && !isBefore(runs, run, sides.runs, at); at++) {
      lowest[sides.places[at]] = Math.min(lowest[sides.places[at]], own);
    }
  }
  return lowest.map((own) => (own === Infinity ? 0 : own));
}

/** Whether a run ends above or left of where another one begins. */
function isBefore(runs, run, others, other) {
  const apart = others.columns[other] - runs.columns[run];
  return apart > 0 || (apart === 0 && runs.bottoms[run] <= others.tops[other]);
}

function bySide(parts, sides) {
  const ranks = new Map();
  return parts.map((part) => {
    const side = Math.max(0, sideOf(part, sides));
    if (!ranks.has(side)) ranks.set(side, ranks.size);
    return ranks.get(side);
  });
}

function sideOf({ height, starts }, sides) {
  return sides.at(Math.floor(starts[0] / height), starts[0] % height);
}

/** The pieces and the line's pixels put together, part by part. */
function assembled(pieces, owners, cut) {
  const { height, width } = cut;
  const { runs, places } = pieces;
  const shared = sharedOut(cut, pieces, owners);
  const count = owners.reduce((most, owner) => Math.max(most, owner)) + 1;
  const spans = Array.from({ length: count }, () => []);
  let pixel = 0;
  for (let run = 0; run < runs.count; run++) {
    const column = runs.columns[run] * height;
    for (; shared.pixels[pixel] < column + runs.tops[run]; pixel++) take(pixel);
    spans[owners[places[run]]].push(column + runs.tops[run], column + runs.bottoms[run]);
  }
  for (; pixel < shared.pixels.length; pixel++) take(pixel);
  function take(at) {
    spans[shared.owners[at]].push(shared.pixels[at], shared.pixels[at] + 1);
  }
  const whole = spans.map((own) => fromSpans(height, width, own));
  return whole.sort((a, b) => area(b) - area(a) || a.starts[0] - b.starts[0]);
}
