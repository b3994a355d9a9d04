import assert from 'node:assert/strict';
import { test } from 'node:test';
import { keptText } from '../../../assets/js/page/kept.mjs';

const state = (change = {}) => ({ saving: { pending: 0, reason: null, kept: 0 }, online: true, keeping: true, keptForOthers: [], ...change });
const waiting = (reason, pending, kept = pending) => ({ pending, reason, kept });

test('the page says plainly what is kept on this machine, and when it is sent', () => {
  assert.equal(keptText(state()), '');
  const away = { online: false, saving: waiting('no connection to the server', 3) };
  assert.equal(keptText(state(away)), '3 corrections kept on this machine; sent when the server answers.');
  const refusing = { saving: waiting('log in first', 1) };
  assert.equal(keptText(state(refusing)), '1 correction kept on this machine; sent as soon as the server takes them.');
  assert.match(keptText(state({ online: false })), /^The server does not answer/);
});

test('a browser that keeps nothing is said to keep nothing', () => {
  assert.equal(keptText(state({ keeping: false })), 'This browser keeps nothing offline.');
  const away = { keeping: false, online: false, saving: waiting('no connection to the server', 2, 0) };
  assert.match(keptText(state(away)), /leave this page open/);
});

test("another person's corrections are told of", () => {
  const keptForOthers = [{ user: '<b>ann', number: 2 }];
  assert.equal(keptText(state({ keptForOthers })), '2 corrections of <b>ann kept here until <b>ann logs in.');
});
