import assert from 'node:assert/strict';
import { test } from 'node:test';
import { equal } from '../../../assets/js/masks/algebra.mjs';
import { polygon } from '../../../assets/js/masks/shapes.mjs';
import { at, drawing, imageWith } from './drawing.mjs';

const settled = () => new Promise((resolve) => setImmediate(resolve));

/** The server's lines go around a corner; `fails`: there is none. */
function snipping({ fails = false } = {}) {
  const asked = [];
  const signals = [];
  const assist = {
    async path(id, from, to, signal) {
      asked.push([from, to]);
      signals.push(signal);
      if (fails) throw new Error('no connection');
      return from[0] === to[0] || from[1] === to[1] ? [from, to] : [from, [to[0], from[1]], to];
    },
  };
  const page = drawing(imageWith(), [], { assist });
  page.take('scissors');
  return { ...page, asked, signals };
}

const filled = (...corners) => polygon([corners.flat()], 60, 80);

test('lines follow the edges between clicks, and Enter closes along an edge too', async () => {
  const { click, tools, acts } = snipping();
  for (const [x, y] of [
    [10, 10],
    [30, 20],
    [20, 40],
  ])
    click(at(x, y));
  assert.ok(tools.confirm());
  await settled();
  assert.equal(acts[0].operation, 'draw');
  assert.ok(equal(acts[0].mask, filled([10, 10], [30, 10], [30, 20], [20, 20], [20, 40], [10, 40])));
});

test('with Shift a line is straight', async () => {
  const { click, asked, acts } = snipping();
  click(at(10, 10));
  click(at(30, 20, { shift: true }));
  click(at(20, 40, { shift: true }));
  click(at(10, 10, { shift: true }));
  await settled();
  assert.deepEqual(asked, []);
  assert.ok(equal(acts[0].mask, filled([10, 10], [30, 20], [20, 40])));
});

test('a second click at the same place closes, as a double click does', async () => {
  const { click, acts } = snipping();
  for (const [x, y] of [
    [10, 10],
    [30, 10],
    [30, 40],
    [30, 40],
  ])
    click(at(x, y));
  await settled();
  assert.ok(equal(acts[0].mask, filled([10, 10], [30, 10], [30, 40], [10, 40])));
});

test('the line ahead of the pointer is asked for once at a time, and a click takes it over', async () => {
  const { click, tools, asked } = snipping();
  click(at(10, 10));
  tools.now().hover(at(15, 15));
  tools.now().hover(at(16, 16));
  tools.now().hover(at(20, 18));
  assert.equal(asked.length, 1);
  await settled();
  assert.deepEqual(asked.at(-1), [
    [10, 10],
    [20, 18],
  ]);
  assert.equal(asked.length, 2);
  click(at(20, 18));
  assert.equal(asked.length, 2);
});

test('Backspace takes the last line back, Escape all of it', async () => {
  const { click, tools, acts } = snipping();
  for (const [x, y] of [
    [10, 10],
    [30, 10],
    [50, 50],
    [30, 40],
  ])
    click(at(x, y));
  tools.back();
  tools.back();
  click(at(30, 40));
  tools.confirm();
  await settled();
  assert.ok(equal(acts[0].mask, filled([10, 10], [30, 10], [30, 40], [10, 40])));
  click(at(10, 10));
  tools.cancel();
  assert.ok(!tools.busy());
  assert.ok(!tools.confirm());
});

test('without an answer a line is straight, and that is told', async () => {
  const { click, tools, acts, state } = snipping({ fails: true });
  for (const [x, y] of [
    [10, 10],
    [30, 20],
  ])
    click(at(x, y));
  await settled();
  assert.match(state().message.text, /straight: no connection/);
  click(at(20, 40));
  tools.confirm();
  await settled();
  assert.ok(equal(acts[0].mask, filled([10, 10], [30, 20], [20, 40])));
});

test('two places enclose nothing', () => {
  const { click, tools, acts, state } = snipping();
  for (const [x, y] of [
    [10, 10],
    [30, 20],
  ])
    click(at(x, y));
  tools.confirm();
  assert.match(state().message.text, /points more/);
  assert.deepEqual(acts, []);
  assert.ok(tools.busy());
});

test('what is thrown away is no longer asked for', async () => {
  const { click, tools, signals } = snipping();
  click(at(10, 10));
  click(at(30, 20));
  tools.now().hover(at(40, 40));
  tools.cancel();
  assert.deepEqual(
    signals.map(({ aborted }) => aborted),
    [true, true],
  );
});
