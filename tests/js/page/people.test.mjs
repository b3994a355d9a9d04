import assert from 'node:assert/strict';
import { test } from 'node:test';
import { divided, hueOf, initials } from '../../../assets/js/page/people.mjs';

const at = (user, image_id, you = false) => ({ user, image_id, you });

test('those on the open photo stand apart from those elsewhere', () => {
  const people = [at('ann', 7, true), at('bea', 7), at('cem', 8), at('dan', null), at('bea', 9)];
  assert.deepEqual(divided(people, 7, 'ann'), { together: ['bea'], apart: ['cem', 'dan'] });
});

test('one’s own other tab counts on the open photo alone', () => {
  assert.deepEqual(divided([at('ann', 7, true), at('ann', 7), at('ann', 9)], 7, 'ann'), {
    together: ['Another tab of yours'],
    apart: [],
  });
});

test('without a photo nobody is on it', () => {
  assert.deepEqual(divided([at('bea', null), at('cem', 1)], null, 'ann'), { together: [], apart: ['bea', 'cem'] });
});

test('initials are letters of people, whatever they are called', () => {
  const named = { ann: 'AN', 'Bea Müller': 'BM', 'cem.de-la_rosa': 'CR', 李: '李', 李小明: '李小', é: 'É', x: 'X' };
  for (const [name, letters] of Object.entries(named)) assert.equal(initials(name), letters, name);
  assert.equal(initials('<img src=x>'), 'IX');
  assert.equal(initials('<b>Eve <X'), 'BX');
  for (const signs of ['---', '<', '`^']) assert.equal(initials(signs), '?', signs);
});

test('a number at the end of a name tells people apart', () => {
  const names = ['user1', 'user-2', 'user 12', 'user112', 'Ann3 Lee', '2user', '007', '१२'];
  assert.deepEqual(names.map(initials), ['U1', 'U2', 'U12', 'U12', 'AL', '2U', '00', '१२']);
});

test('what is read as one letter stays whole', () => {
  const [family, technician] = ['👨‍👩‍👧', '👩🏽‍💻'];
  assert.equal(initials(family + technician + '😀'), family + technician);
  assert.equal(initials(`${technician} Kim`), `${technician}K`);
  assert.equal(initials('क्षिति शर्मा'), 'क्षिश');
  assert.equal(initials('e\u0301va'), 'E\u0301V');
});

test('a name has one colour', () => {
  assert.equal(hueOf('ann'), hueOf('ann'));
  assert.notEqual(hueOf('ann'), hueOf('bea'));
  for (const name of ['', 'x'.repeat(64), '😀']) assert.ok(hueOf(name) >= 0 && hueOf(name) < 360);
});
