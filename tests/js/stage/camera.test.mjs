import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createCamera } from '../../../assets/js/stage/camera.mjs';
import { fitted } from '../../../assets/js/stage/viewport.mjs';

const PHOTO = { width: 400, height: 300 };

function camera() {
  const made = createCamera(
    () => PHOTO,
    () => {},
  );
  made.resize({ width: 800, height: 500 }, 1);
  made.fit();
  return made;
}

test('a photo that was fitted stays so in another window, also after a mask in sight was revealed', () => {
  const made = camera();
  made.reveal([10, 10, 20, 20]);
  made.resize({ width: 1200, height: 700 }, 1);
  assert.deepEqual(made.viewport, fitted(PHOTO, { width: 1200, height: 700 }));
});

test('a photo that was moved stays where it is in another window', () => {
  const made = camera();
  made.pan(30, 20);
  const before = made.viewport;
  made.resize({ width: 1200, height: 700 }, 1);
  assert.deepEqual(made.viewport, before);
});
