import assert from 'node:assert/strict';
import { test } from 'node:test';
import { mistakable } from '../../../assets/js/labels/names.mjs';

const SET = [{ id: 1, name: 'person' }, { id: 2, name: 'traffic light' }, { id: 3, name: 'Ärmel' }];

test('a name that differs in capitals or blanks only is taken for the other', () => {
  for (const name of ['PERSON', 'Person', 'ｐerson']) assert.equal(mistakable(name, SET)?.id, 1);
  assert.equal(mistakable('Traffic  Light', SET)?.id, 2);
  assert.equal(mistakable('ÄRMEL', SET)?.id, 3);
});

test('other names, the very name, and the label’s own in other capitals are not', () => {
  for (const name of ['persons', 'person', 'trafficlight']) assert.equal(mistakable(name, SET), undefined);
  assert.equal(mistakable('Person', SET, 1), undefined);
});
