import assert from 'node:assert/strict';
import { test } from 'node:test';
import { fitted, revealing, toPhoto, toStage, zoomed } from '../../../assets/js/stage/viewport.mjs';

const photo = { width: 640, height: 480 };
const stage = { width: 1000, height: 600 };

test('a fitted photo lies inside the stage, centred', () => {
  const view = fitted(photo, stage);
  const [left, top, width, height] = toStage(view, [0, 0, photo.width, photo.height]);
  assert.ok(left >= 0 && top >= 0 && left + width <= stage.width && top + height <= stage.height);
  assert.ok(Math.abs(left + width / 2 - 500) < 1e-9 && Math.abs(top + height / 2 - 300) < 1e-9);
});

test('zooming keeps the photo pixel under the pointer', () => {
  const before = fitted(photo, stage);
  const after = zoomed(before, 3, [321.5, 207.25], photo, stage);
  assert.ok(after.scale > before.scale);
  assert.deepEqual(toPhoto(after, 321.5, 207.25), toPhoto(before, 321.5, 207.25));
});

test('zooming ends at both sides, and there it moves nothing', () => {
  let view = fitted(photo, stage);
  for (let i = 0; i < 50; i++) view = zoomed(view, 2, [10, 10], photo, stage);
  assert.deepEqual(zoomed(view, 2, [500, 10], photo, stage), view);
  for (let i = 0; i < 50; i++) view = zoomed(view, 0.5, [10, 10], photo, stage);
  assert.equal(view.scale, fitted(photo, stage).scale / 2);
});

test('a mask out of sight is brought to the middle, one in sight stays', () => {
  const view = zoomed(fitted(photo, stage), 8, [0, 0], photo, stage);
  const box = [600, 440, 20, 20];
  const [x, y, width, height] = toStage(revealing(view, box, stage), box);
  assert.ok(Math.abs(x + width / 2 - 500) < 1e-9 && Math.abs(y + height / 2 - 300) < 1e-9);
  const whole = fitted(photo, stage);
  assert.equal(revealing(whole, box, stage), whole);
});
