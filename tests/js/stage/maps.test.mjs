import assert from 'node:assert/strict';
import { test } from 'node:test';
import { area, bbox } from '../../../assets/js/masks/masks.mjs';
import { wholeOf } from '../../../assets/js/stage/boxes.mjs';
import { BLACK, WHITE, palette, pixel, proposalColour } from '../../../assets/js/stage/colours.mjs';
import { createSampler, gridOf, sampled } from '../../../assets/js/stage/grid.mjs';
import { createProposalMap } from '../../../assets/js/stage/proposalmap.mjs';
import { outline, recolour } from '../../../assets/js/stage/recolour.mjs';
import { border, fill } from '../../../assets/js/stage/surface.mjs';
import { createTruthMap } from '../../../assets/js/stage/truthmap.mjs';
import { seenProposals, seenSegments } from '../../../assets/js/truth/pick.mjs';
import { VIEWS, slotIds, takesPart, topmost } from '../../../assets/js/truth/views.mjs';
import { randomMask, randomOf } from './pixels.mjs';

const PHOTO = { width: 44, height: 31 };
const CANVAS = { width: 52, height: 40 };
const VIEWPORTS = [
  { scale: 1, left: 3, top: 2 },
  { scale: 0.6, left: 7.3, top: 4 },
  { scale: 1.7, left: -12.25, top: -9.5 },
];
const CATEGORIES = [
  { id: 1, name: 'person', is_thing: true, colour: [200, 0, 0] },
  { id: 2, name: 'car', is_thing: true, colour: [0, 160, 0] },
  { id: 3, name: 'sky', is_thing: false, colour: [0, 0, 200] },
];

globalThis.ImageData ??= class {
  constructor(width, height) {
    Object.assign(this, { width, height, data: new Uint8ClampedArray(4 * width * height) });
  }
};

let ids = 0;

function item(random, kind, mask = randomMask(random, PHOTO.width, PHOTO.height)) {
  const id = ++ids;
  const own = { id, key: `${kind[0]}${id}`, kind, hue: id, query: id, category_id: [1, 2, 3, null][random(4)] };
  const said = { crowd: random(5) === 0, score: random(100) / 100, decision: 'undecided' };
  return { ...own, ...said, mask, bbox: bbox(mask), area: area(mask) };
}

const without = (list, at) => list.filter((_, index) => index !== at);
const changedAt = (list, at, change) => list.map((one, index) => (index === at ? { ...one, ...change } : one));

/** What may happen to a list of masks, by one step of a person or of the server. */
const STEPS = [
  (random, list, kind) => [...list, item(random, kind)],
  (random, list, kind) => list.toSpliced(random(list.length + 1), 0, item(random, kind)),
  (random, list) => without(list, random(list.length)),
  (random, list, kind) => {
    const { mask, bbox, area } = item(random, kind);
    return changedAt(list, random(list.length), { mask, bbox, area });
  },
  (random, list) => changedAt(list, random(list.length), { category_id: [1, 2, 3, null][random(4)] }),
  (random, list) => changedAt(list, random(list.length), { id: ++ids, key: `s${ids}` }),
  (random, list) => {
    const decision = ['deferred', 'rejected', 'undecided'][random(3)];
    return changedAt(list, random(list.length), { decision });
  },
  (random, list) => changedAt(list, random(list.length), { crowd: random(2) === 0 }),
  (random, list) => {
    const from = random(list.length);
    return without(list, from).toSpliced(random(list.length), 0, list[from]);
  },
  (random, list) => list.toReversed(),
  // The same region twice: the masks of segments are one then, see `applyAnswer`.
  (random, list, kind) => {
    const { mask } = list.at(-1);
    return [...list, item(random, kind, kind === 'segment' ? mask : { ...mask })];
  },
  (random, list, kind) => list.slice(4).concat(item(random, kind)),
  (random, list) => list,
];

const LOOKS = {
  view: (random) => VIEWS[random(3)],
  opacity: (random) => [0.3, 0.55, 1][random(3)],
  outlines: (random) => random(2) === 0,
  palette: (random) => ['label', 'safe'][random(2)],
  threshold: (random) => random(100) / 100,
  isolated: (random) => random(3) === 0,
  selection: (random, { image }) => image.segments.slice(0, random(3)).map(({ key }) => key),
  hidden: (random, { image }) =>
    new Set([...image.segments, ...image.proposals].filter(() => random(4) === 0).map(({ key }) => key)),
  categories: (random) => new Map(CATEGORIES.slice(random(2)).map((category) => [category.id, category])),
};

function begun() {
  const categories = new Map(CATEGORIES.map((category) => [category.id, category]));
  const look = { view: 'instance', opacity: 0.55, outlines: true, palette: 'label', threshold: 0.5 };
  const rest = { isolated: false, selection: [], hidden: new Set(), masksShown: true };
  return { categories, ...look, ...rest, image: { segments: [], proposals: [] } };
}

function stepped(random, state) {
  if (random(3) === 0) {
    const names = Object.keys(LOOKS);
    const name = names[random(names.length)];
    return { ...state, [name]: LOOKS[name](random, state) };
  }
  const [name, kind] = random(2) === 0 ? ['segments', 'segment'] : ['proposals', 'proposal'];
  const step = STEPS[random(STEPS.length)];
  const list = state.image[name];
  const next = list.length > 0 ? step(random, list, kind) : [item(random, kind)];
  return { ...state, image: { ...state.image, [name]: next } };
}

/** A canvas on which only what is said to have changed is put, as the page does. */
function createPaper() {
  let shown = null;
  let pixels = null;
  return ({ image, box }) => {
    const source = new Uint32Array(image.data.buffer);
    if (shown !== image) [shown, pixels] = [image, source.slice()];
    const [left, top, width, height] = box ?? [0, 0, 0, 0];
    for (let y = top; y < top + height; y++) {
      const from = y * image.width + left;
      pixels.set(source.subarray(from, from + width), from);
    }
    return pixels;
  };
}

/** @param {(state: object) => string} layer which canvas shows the picture */
function compare(create, picture, anew, layer) {
  const random = randomOf(41);
  let [mended, whole] = [0, 0];
  for (let round = 0; round < 25; round++) {
    const map = create(createSampler());
    const papers = new Map();
    let [state, ratio, grid] = [begun(), 1, null];
    for (let step = 0; step < 40; step++) {
      if (grid === null || random(15) === 0) {
        ratio = [1, 2, 1.25][random(3)];
        const viewport = VIEWPORTS[random(VIEWPORTS.length)];
        grid = gridOf(viewport, ratio, PHOTO, { width: CANVAS.width * 2, height: CANVAS.height * 2 });
        papers.clear();
      }
      state = stepped(random, state);
      const found = picture(map, state, grid, ratio);
      if (!papers.has(layer(state))) papers.set(layer(state), createPaper());
      const seen = papers.get(layer(state))(found);
      assert.deepEqual(seen, anew(state, grid, ratio), `round ${round}, step ${step}`);
      const part = found.box ? found.box[2] * found.box[3] : 0;
      if (part < grid.width * grid.height) mended += 1;
      else whole += 1;
    }
  }
  assert.ok(mended > whole, `${mended} were mended, ${whole} painted whole`);
}

function truthAnew(state, grid, ratio) {
  const { view, categories, outlines } = state;
  const segments = seenSegments(state);
  const parts = segments.map(({ mask }) => ({ mask: sampled(mask, grid) }));
  const slots = topmost(parts, () => true, grid.width, grid.height);
  const pixels = new Uint32Array(slots.length);
  const { width, origin } = grid;
  const look = { width, stripe: Math.round(8 * ratio), edge: Math.max(1, Math.round(ratio)), origin };
  const colours = palette(view, segments, categories, state);
  recolour(pixels, slots, slotIds(view, segments, categories), colours, look, wholeOf(grid));
  const leftOut = Uint8Array.of(0, ...segments.map((one) => Number(!takesPart(view, categories)(one))));
  const lines = { width: grid.width, line: pixel(WHITE, 1), casing: pixel(BLACK, 0.65) };
  if (outlines) outline(pixels, slots, leftOut, lines, wholeOf(grid));
  return pixels;
}

function proposalsAnew(state, grid, ratio) {
  const best = seenProposals(state);
  const surface = { ...grid, pixels: new Uint32Array(grid.width * grid.height), left: 0, top: 0 };
  const colourOf = (one) => proposalColour(one, state.categories, state.palette);
  for (const one of best.toSorted((a, b) => b.area - a.area)) {
    fill(surface, sampled(one.mask, grid), pixel(colourOf(one), state.outlines ? 0.1 : 0.35));
  }
  for (const one of state.outlines ? best.toReversed() : []) {
    const [on, period] = one.decision === 'deferred' ? [2, 6] : [6, 10];
    const dashes = { on: Math.round(on * ratio), period: Math.round(period * ratio) };
    const line = { pixel: pixel(colourOf(one), 1), casing: pixel(BLACK, 0.65), thickness: Math.round(2 * ratio) };
    border(surface, sampled(one.mask, grid), grid.goesOn, { ...line, dashes, origin: grid.origin });
  }
  return surface.pixels;
}

test('the truth mended where it changed is the truth painted anew, in each view', () => {
  const picture = (map, state, grid, ratio) => map.picture(state, grid, ratio);
  compare(createTruthMap, picture, truthAnew, ({ view }) => view);
});

test('the proposals mended where they changed are the proposals painted anew', () => {
  const picture = (map, state, grid, ratio) => map.picture(state, seenProposals(state), grid, ratio);
  compare(createProposalMap, picture, proposalsAnew, () => 'proposals');
});

test('a correction that the server confirms changes no pixel, and one more segment those of its box', () => {
  const random = randomOf(43);
  const grid = gridOf(VIEWPORTS[0], 1, PHOTO, CANVAS);
  for (const view of VIEWS) {
    const map = createTruthMap(createSampler());
    const segments = Array.from({ length: 6 }, () => item(random, 'segment'));
    const small = { width: PHOTO.width, height: PHOTO.height, starts: Uint32Array.of(320), ends: Uint32Array.of(325) };
    const fresh = { ...item(random, 'segment', small), id: -7, key: 's-7', crowd: false, category_id: 1 };
    const pictured = (list) => map.picture({ ...begun(), view, image: { segments: list, proposals: [] } }, grid, 1).box;
    pictured(segments);
    assert.deepEqual(pictured([...segments, fresh]), [9, 9, 3, 7]);
    assert.equal(pictured([...segments, { ...fresh, id: 9, key: 's9' }]), null);
  }
});
