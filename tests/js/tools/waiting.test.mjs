import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createQuestion } from '../../../assets/js/tools/waiting.mjs';

const settled = () => new Promise((resolve) => setImmediate(resolve));

/** A question whose clock strikes when told to. */
function asking() {
  const said = [];
  let strike = () => {};
  const clock = { setTimeout: (run) => (strike = run), clearTimeout: () => (strike = () => {}) };
  const question = createQuestion({ say: (text) => said.push(text) }, clock);
  return { question, said, strike: () => strike() };
}

test('what takes long is told, and no longer once the answer is there', async () => {
  const { question, said, strike } = asking();
  let answer;
  const heard = [];
  void question.put(() => new Promise((resolve) => (answer = resolve)), { meanwhile: 'wait', then: (x) => heard.push(x) });
  strike();
  assert.deepEqual([said, question.busy], [['wait'], true]);
  answer(7);
  await settled();
  assert.deepEqual([said, heard, question.busy], [['wait', ''], [7], false]);
});

test('what is there at once says nothing', async () => {
  const { question, said, strike } = asking();
  await question.put(async () => 7, { meanwhile: 'wait', then: () => {} });
  strike();
  assert.deepEqual(said, []);
});

test('a question given up is aborted, its answer unheard and its waiting no longer told', async () => {
  const { question, said, strike } = asking();
  let signal;
  const put = question.put((given) => ((signal = given), Promise.resolve(7)), {
    meanwhile: 'wait',
    then: () => assert.fail('nobody waits any more'),
    failed: () => assert.fail('it did not fail'),
  });
  strike();
  assert.ok(question.drop());
  assert.ok(!question.drop());
  await put;
  assert.ok(signal.aborted);
  assert.deepEqual(said, ['wait', '']);
});
