import assert from 'node:assert/strict';
import { test } from 'node:test';
import { encodeMask, area } from '../../../assets/js/masks/masks.mjs';
import { labelCommands } from '../../../assets/js/commands/label.mjs';
import { boxMask, difference, equal, union } from '../../../assets/js/masks/algebra.mjs';
import { stroke } from '../../../assets/js/masks/shapes.mjs';
import { slice } from '../../../assets/js/masks/slices.mjs';
import { createStroke } from '../../../assets/js/tools/strokes.mjs';
import { at, drawing, imageWith } from './drawing.mjs';

const BLOCK = boxMask([10, 10, 20, 20], 60, 80);

test('with nothing selected a stroke is a new region, selected, and waits for its label', () => {
  const { take, drag, acts, state } = drawing(imageWith());
  take('brush', { brushSize: 5 });
  drag([at(5, 5), at(20, 5), at(20, 30)]);
  assert.equal(acts.length, 1);
  assert.equal(acts[0].operation, 'draw');
  assert.ok(equal(acts[0].mask, stroke([at(5, 5), at(20, 5), at(20, 30)], 5, 60, 80)));
  assert.deepEqual(state().selection, acts[0].keys);
  assert.match(state().message.text, /^New region of \d+ pixels: press a label/);
});

test('a stroke on the one selected segment adds to it; Alt or the eraser takes away; Alt with the eraser adds', () => {
  for (const [tool, alt, combine] of [
    ['brush', false, (mask, region) => union([mask, region])],
    ['brush', true, difference],
    ['eraser', false, difference],
    ['eraser', true, (mask, region) => union([mask, region])],
  ]) {
    const { take, drag, acts } = drawing(imageWith({ segments: [BLOCK] }), ['s1']);
    take(tool, { brushSize: 6 });
    drag([at(8, 12, { alt }), at(14, 12, { alt })]);
    const region = stroke([at(8, 12), at(14, 12)], 6, 60, 80);
    assert.deepEqual([acts[0].operation, acts[0].segments], ['edit', [1]]);
    assert.ok(equal(acts[0].mask, combine(BLOCK, region)), `${tool} ${alt}`);
  }
});

test('“Take away” turns brush, box and polygon round, and Alt then adds', () => {
  for (const [alt, pixels] of [
    [false, 400 - 25],
    [true, 400],
  ]) {
    const { take, drag, acts, state } = drawing(imageWith({ segments: [BLOCK] }), ['s1']);
    take('box', { subtracts: true });
    drag([at(12, 12, { alt }), at(16, 16, { alt })]);
    if (pixels === 400) assert.match(state().message.text, /changes nothing/);
    else assert.equal(area(acts[0].mask), pixels);
  }
});

test('a stroke on a proposal accepts it with the changed mask, and the walk goes on after it', () => {
  const { take, drag, acts, state } = drawing(imageWith({ proposals: [BLOCK] }), ['p1']);
  take('brush', { brushSize: 4 });
  drag([at(30, 15), at(34, 15)]);
  assert.deepEqual([acts[0].operation, acts[0].proposals, acts[0].segments], ['edit', [1], undefined]);
  assert.deepEqual([state().selection, state().awaitingLabel], [acts[0].keys, 1]);
});

test('what changes nothing or leaves nothing is not sent', () => {
  const { take, drag, acts, state } = drawing(imageWith({ segments: [BLOCK] }), ['s1']);
  take('brush', { brushSize: 3 });
  drag([at(15, 15), at(20, 20)]);
  assert.match(state().message.text, /changes nothing/);
  take('box', { subtracts: true });
  drag([at(0, 0), at(79, 59)]);
  assert.match(state().message.text, /Nothing would be left.*Delete/);
  assert.equal(acts.length, 0);
});

test('with several masks selected nothing is drawn and the page says why', () => {
  const { take, drag, acts, state } = drawing(imageWith({ segments: [BLOCK], proposals: [BLOCK] }), ['s1', 'p1']);
  take('brush');
  drag([at(3, 3), at(9, 9)]);
  assert.deepEqual([acts.length, /Several masks/.test(state().message.text)], [0, true]);
});

test('the eraser needs no selection: it takes from the mask under it', () => {
  const { take, drag, acts, state } = drawing(imageWith({ segments: [BLOCK] }));
  take('eraser', { brushSize: 4 });
  drag([at(50, 50), at(60, 50)]);
  assert.match(state().message.text, /Select the mask to take from/);
  drag([at(12, 12), at(18, 12)]);
  assert.deepEqual([acts[0].operation, acts[0].segments, state().selection], ['edit', [1], ['s1']]);
});

test('Shift+click draws a straight line from the end of the last stroke', () => {
  const { take, drag, click, acts } = drawing(imageWith());
  take('brush', { brushSize: 5 });
  drag([at(5, 5), at(8, 5)]);
  click(at(40, 30, { shift: true }));
  assert.ok(equal(acts[1].mask, union([acts[0].mask, stroke([at(8, 5), at(40, 30)], 5, 60, 80)])));
});

test('a pen’s pressure sets the diameter; a mouse draws the whole one', () => {
  const pen = (x, pressure) => at(x, 30, { pointerType: 'pen', pressure });
  const sizes = [0, 0.5, 1].map((pressure) => {
    const { take, drag, acts } = drawing(imageWith());
    take('brush', { brushSize: 20 });
    drag([pen(30, pressure), pen(40, pressure)]);
    return acts[0].mask;
  });
  assert.ok(equal(sizes[0], stroke([at(30, 30), at(40, 30)], 4, 60, 80)));
  assert.ok(equal(sizes[1], stroke([at(30, 30), at(40, 30)], 12, 60, 80)));
  assert.ok(equal(sizes[2], stroke([at(30, 30), at(40, 30)], 20, 60, 80)));
  const even = drawing(imageWith());
  even.take('brush', { brushSize: 20, pressure: false });
  even.drag([pen(30, 0), pen(40, 0.3)]);
  assert.ok(equal(even.acts[0].mask, sizes[2]));
  const { take, drag, acts } = drawing(imageWith());
  take('brush', { brushSize: 20 });
  drag([pen(20, 0), pen(30, 1), pen(40, 0)]);
  const [thin, thick] = [4, 20];
  const parts = [
    stroke([at(20, 30)], thin, 60, 80),
    stroke([at(20, 30), at(30, 30)], thick, 60, 80),
    stroke([at(30, 30), at(40, 30)], thin, 60, 80),
  ];
  assert.ok(equal(acts[0].mask, union(parts)));
});

test('a box by drag and a box by two clicks are the same pixels, both corners inside, cut to the photo', () => {
  const expected = boxMask([70, 50, 10, 10], 60, 80);
  const dragged = drawing(imageWith());
  dragged.take('box');
  dragged.drag([at(70.2, 50.9), at(300, 300)]);
  const clicked = drawing(imageWith());
  clicked.take('box');
  clicked.click(at(79.5, 59.5));
  clicked.tools.now().hover(at(75, 55));
  clicked.click(at(70.5, 50.5));
  for (const { acts } of [dragged, clicked]) assert.ok(equal(acts[0].mask, expected));
});

test('a polygon snaps to pixel corners; first corner, double click and Enter close it', () => {
  const corners = [at(10.3, 9.8), at(30.4, 10.2), at(29.6, 40.3)];
  const closings = {
    first: ({ click }) => click(corners[0]),
    double: ({ click }) => click(corners[2]),
    enter: ({ tools }) => tools.confirm(),
  };
  const masks = Object.values(closings).map((close) => {
    const page = drawing(imageWith());
    page.take('polygon');
    corners.forEach((corner) => page.click(corner));
    close(page);
    return page.acts[0].mask;
  });
  for (const mask of masks) assert.equal(encodeMask(mask), encodeMask(masks[0]));
  const square = drawing(imageWith());
  square.take('polygon');
  for (const [x, y] of [
    [10, 10],
    [20, 10],
    [20, 30],
    [10, 30],
  ])
    square.click(at(x + 0.4, y - 0.4));
  square.tools.confirm();
  assert.ok(equal(square.acts[0].mask, boxMask([10, 10, 10, 20], 60, 80)));
});

test('Backspace takes the last corner back, a corner can be dragged, Escape throws all away', () => {
  const { take, click, drag, tools, acts, state } = drawing(imageWith());
  take('polygon');
  click(at(10, 10));
  click(at(20, 10));
  click(at(70, 55));
  assert.equal(tools.back(), true);
  click(at(20, 20));
  drag([at(20, 20), at(30, 30), at(40, 40)]);
  tools.confirm();
  const expected = drawing(imageWith());
  expected.take('polygon');
  for (const corner of [at(10, 10), at(20, 10), at(40, 40)]) expected.click(corner);
  expected.tools.confirm();
  assert.ok(equal(acts[0].mask, expected.acts[0].mask));
  click(at(50, 50));
  assert.equal(tools.cancel(), true);
  assert.deepEqual([tools.busy(), state().tool], [false, 'polygon']);
  assert.deepEqual([tools.cancel(), state().tool, tools.cancel()], [true, 'select', false]);
});

test('from the keyboard a polygon can cover the whole photo', () => {
  const { take, click, tools, acts } = drawing(imageWith());
  take('polygon');
  for (const [x, y] of [
    [0, 0],
    [79, 0],
    [79, 59],
    [0, 59],
  ])
    click(at(x + 0.5, y + 0.5, { pointerType: 'keyboard' }));
  tools.confirm();
  assert.equal(area(acts[0].mask), 80 * 60);
});

test('a slice parts the selected mask along a drag or clicks; what is cut off is selected', () => {
  const line = [at(14.5, 5.5), at(14.5, 35.5)];
  const expected = slice(BLOCK, line);
  const dragged = drawing(imageWith({ segments: [BLOCK] }), ['s1']);
  dragged.take('slice');
  dragged.drag(line);
  const clicked = drawing(imageWith({ proposals: [BLOCK] }), ['p1']);
  clicked.take('slice');
  line.forEach((point) => clicked.click(point));
  clicked.tools.confirm();
  assert.deepEqual(dragged.acts[0].segments, [1]);
  assert.deepEqual(clicked.acts[0].proposals, [1]);
  for (const { acts, state } of [dragged, clicked]) {
    assert.equal(acts[0].operation, 'slice');
    assert.deepEqual(acts[0].masks.map(encodeMask), expected.map(encodeMask));
    assert.equal(state().selection.length, 1);
    assert.equal(state().image.segments.find(({ key }) => key === state().selection[0]).area, area(expected[1]));
    assert.equal(state().tool, 'select');
  }
});

test('a line beside the mask slices nothing and says so', () => {
  const { take, drag, acts, state } = drawing(imageWith({ segments: [BLOCK] }), ['s1']);
  take('slice');
  drag([at(50, 5), at(55, 50)]);
  assert.deepEqual([acts.length, /parts nothing/.test(state().message.text)], [0, true]);
});

test('Ctrl+click selects whatever tool is taken, and draws nothing', () => {
  const { take, click, drag, acts, state } = drawing(imageWith({ segments: [BLOCK] }));
  take('brush');
  drag([at(15, 15, { ctrl: true }), at(40, 40, { ctrl: true })]);
  assert.deepEqual([acts.length, state().selection], [0, ['s1']]);
  click(at(70, 50, { ctrl: true }));
  assert.deepEqual(state().selection, []);
});


test('the select tool’s drag selects what lies wholly inside; Shift adds; Escape gives it up', () => {
  const far = boxMask([60, 40, 5, 5], 60, 80);
  const { tools, state } = drawing(imageWith({ segments: [BLOCK], proposals: [far] }), []);
  const band = tools.band();
  const drag = (from, to) => (band.down(from), band.move([to]), band.up(to));
  drag(at(9, 9), at(30, 30));
  assert.deepEqual(state().selection, ['s1']);
  drag(at(70, 50), at(55, 39, { shift: true }));
  assert.deepEqual(state().selection, ['s1', 'p1']);
  drag(at(11, 9), at(30, 30));
  assert.deepEqual(state().selection, []);
  band.down(at(0, 0));
  assert.deepEqual([tools.cancel(), band.busy(), tools.cancel()], [true, false, false]);
});

test('a drawn region that has its label is let go: the next stroke makes another', () => {
  const { take, drag, acts, state, store, session, tools } = drawing(imageWith({ proposals: [BLOCK] }));
  const { label } = labelCommands({ store, session, tools, stage: { reveal: () => {} } });
  take('brush', { brushSize: 3 });
  drag([at(60, 5), at(70, 5)]);
  drag([at(60, 9), at(70, 9)]);
  label(1);
  assert.deepEqual(
    [state().selection, state().message.text],
    [[], 'Labelled “car”; the next stroke makes a new region.'],
  );
  drag([at(60, 20), at(70, 20)]);
  assert.deepEqual(
    acts.map(({ operation }) => operation),
    ['draw', 'edit', 'relabel', 'draw'],
  );
});

test('a stroke that ends after the server named or removed its segment still finds its place', () => {
  const named = drawing(imageWith({ segments: [BLOCK] }), ['s1']);
  named.take('brush', { brushSize: 4 });
  named.tools.now().down(at(8, 12));
  const image = imageWith({ segments: [BLOCK] });
  Object.assign(image.segments[0], { id: 12, key: 's12' });
  named.store.dispatch({ type: 'set', values: { names: new Map([[1, 12]]) } });
  named.store.dispatch({ type: 'refetched', image });
  named.tools.now().up(at(8, 12));
  assert.deepEqual([named.acts[0].operation, named.acts[0].segments], ['edit', [12]]);

  const removed = drawing(imageWith({ segments: [BLOCK] }), ['s1']);
  removed.take('brush', { brushSize: 4 });
  removed.tools.now().down(at(8, 12));
  removed.store.dispatch({ type: 'refetched', image: imageWith() });
  removed.tools.now().up(at(8, 12));
  assert.equal(removed.acts[0].operation, 'draw');
});

test('a stroke is the same however its points come in', () => {
  for (let seed = 1; seed <= 20; seed++) {
    const places = Array.from({ length: 12 }, (_, index) =>
      at((seed * 37 * (index + 1)) % 97, (seed * 53 * (index + 3)) % 71),
    );
    const diameter = [1, 2, 7.5, 30][seed % 4];
    const path = createStroke({ height: 60, width: 80 }, () => diameter);
    const spans = [];
    for (let from = 0; from < places.length; from += (seed % 5) + 1) {
      spans.push(...path.add(places.slice(from, from + (seed % 5) + 1)));
    }
    const expected = stroke(places, diameter, 60, 80);
    assert.ok(equal(path.mask(), expected));
    let told = 0;
    for (let i = 0; i < spans.length; i += 3) told += spans[i + 2] - spans[i + 1];
    assert.equal(told, area(expected), 'each pixel is painted once');
  }
});

/** A page on which the first proposal is selected because the page offers it. */
function offering() {
  const page = drawing(imageWith({ proposals: [BLOCK] }));
  page.store.dispatch({ type: 'select', keys: ['p1'], offered: true });
  return page;
}

test('a drawing apart from the proposal that the page selected, or wholly on it, is a new region and takes the label', () => {
  for (const box of [
    [at(60, 40), at(64, 44)],
    [at(12, 12), at(16, 16)],
  ]) {
    const { take, drag, acts, store, session, tools, state } = offering();
    const { label } = labelCommands({ store, session, tools, stage: { reveal: () => {} } });
    take('box');
    drag(box);
    label(1);
    assert.deepEqual(
      acts.map(({ operation, segments }) => [operation, segments]),
      [
        ['draw', undefined],
        ['relabel', [-1]],
      ],
    );
    assert.equal(state().image.proposals[0].decision, 'undecided');
  }
});

test('one that crosses its edge mends it, and what a person selected is drawn into wherever', () => {
  const touching = offering();
  touching.take('box');
  touching.drag([at(28, 28), at(34, 34)]);
  const chosen = drawing(imageWith({ proposals: [BLOCK] }), ['p1']);
  chosen.take('box');
  chosen.drag([at(60, 40), at(64, 44)]);
  for (const { acts } of [touching, chosen]) assert.deepEqual([acts[0].operation, acts[0].proposals], ['edit', [1]]);
});

test('the eraser takes from the mask under it, not from one that the page selected elsewhere', () => {
  const far = boxMask([50, 40, 20, 10], 60, 80);
  const page = drawing(imageWith({ segments: [far], proposals: [BLOCK] }));
  page.store.dispatch({ type: 'select', keys: ['p1'], offered: true });
  page.take('eraser', { brushSize: 4 });
  page.drag([at(52, 45), at(60, 45)]);
  assert.deepEqual([page.acts[0].operation, page.acts[0].segments], ['edit', [1]]);
});

test('the same region twice is one segment: the second selects it and says so', () => {
  const { take, drag, acts, store, state } = drawing(imageWith());
  take('box');
  const box = [at(60, 40), at(64, 44)];
  drag(box);
  store.dispatch({ type: 'select', keys: [] });
  drag(box);
  assert.deepEqual([acts.length, state().selection, state().awaitingLabel], [1, acts[0].keys, 'drawn']);
  assert.match(state().message.text, /^That changes nothing/);
});
