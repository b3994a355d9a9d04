import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createCrosshair } from '../../../assets/js/stage/crosshair.mjs';
import { equal, union } from '../../../assets/js/masks/algebra.mjs';
import { stroke } from '../../../assets/js/masks/shapes.mjs';
import { at, drawing, imageWith } from '../tools/drawing.mjs';

test('with Shift held the crosshair’s click draws the brush’s straight line, as the pointer’s does', () => {
  const { store, tools, take, acts } = drawing(imageWith());
  take('brush', { brushSize: 5 });
  const pointAt = ([x, y]) => at(x + 0.5, y + 0.5, { pointerType: 'keyboard' });
  const crosshair = createCrosshair(store, { toolNow: tools.now, pointAt, middle: () => [10, 10], reveal() {}, over() {} });
  crosshair.move(0, 0);
  crosshair.press();
  crosshair.move(30, 20);
  crosshair.press({ shift: true });
  assert.equal(acts.length, 2);
  assert.ok(equal(acts[1].mask, union([acts[0].mask, stroke([at(10.5, 10.5), at(40.5, 30.5)], 5, 60, 80)])));
});
