import assert from 'node:assert/strict';
import { test } from 'node:test';
import { listenToPointers } from '../../../assets/js/stage/pointer.mjs';

/** A stage whose events are made by hand; `said` is what they led to. */
function stageWith(tool = null, band = null) {
  const element = Object.assign(new EventTarget(), {
    closest: () => ({ focus: () => {} }),
    setPointerCapture: () => {},
    classList: { toggle: () => {} },
  });
  const said = [];
  const at = ({ stageX, stageY }) => `${stageX},${stageY}`;
  const toolOf = (name) => ({
    name,
    down: (point) => said.push(`${name} down ${at(point)}`),
    move: (points) => said.push(`${name} move ${points.map(at).join(' ')}`),
    up: (point) => said.push(`${name} up ${at(point)}`),
    cancel: () => said.push(`${name} cancel`),
  });
  const tools = { tool: tool && toolOf(tool), band: band && toolOf(band) };
  const pointers = listenToPointers(element, {
    toolNow: () => tools.tool,
    band: () => tools.band,
    pointOf: ({ clientX, clientY }) => ({ stageX: clientX, stageY: clientY }),
    pan: (x, y) => said.push(`pan ${x},${y}`),
    zoomAt: (factor, [x, y]) => said.push(`zoom ${factor} at ${x},${y}`),
    click: (point) => said.push(`click ${at(point)}`),
    over: () => {},
    out: () => {},
  });
  function send(type, x, y, change = {}) {
    const event = new Event(type, { cancelable: true });
    const plain = { clientX: x, clientY: y, button: 0, pointerId: 1, pointerType: 'mouse' };
    element.dispatchEvent(Object.assign(event, plain, change));
  }
  return { said, send, pointers };
}

const finger = (pointerId) => ({ pointerId, pointerType: 'touch' });

test('without a tool a press that stays is a click, and a drag is the band’s', () => {
  const { said, send } = stageWith(null, 'band');
  send('pointerdown', 10, 10);
  send('pointermove', 12, 11);
  send('pointerup', 12, 11);
  send('pointerdown', 10, 10);
  send('pointermove', 30, 10);
  send('pointerup', 30, 12);
  assert.deepEqual(said, ['click 12,11', 'band down 10,10', 'band move 30,10', 'band up 30,12']);
});

test('a mouse or a pen draws from its first pixel, with the points between two frames', () => {
  for (const pointerType of ['mouse', 'pen']) {
    const { said, send } = stageWith('brush');
    const between = [1, 2].map((x) => ({ clientX: x, clientY: 0 }));
    send('pointerdown', 0, 0, { pointerType });
    send('pointermove', 2, 0, { pointerType, getCoalescedEvents: () => between });
    send('pointerup', 3, 0, { pointerType });
    assert.deepEqual(said, ['brush down 0,0', 'brush move 1,0 2,0', 'brush up 3,0']);
  }
});

test('the middle button and a drag with Space held pan, whatever tool is taken', () => {
  const { said, send, pointers } = stageWith('brush');
  send('pointerdown', 10, 10, { button: 1 });
  send('pointermove', 11, 12);
  send('pointerup', 11, 12);
  assert.equal(pointers.holdSpace(true), false);
  send('pointerdown', 0, 0);
  send('pointermove', 0, 5);
  send('pointerup', 0, 5);
  assert.equal(pointers.holdSpace(false), true);
  assert.deepEqual(said, ['pan 1,2', 'pan 0,5']);
});

test('one finger pans without a tool; a tap selects', () => {
  const { said, send } = stageWith();
  send('pointerdown', 10, 10, finger(1));
  send('pointermove', 30, 10, finger(1));
  send('pointerup', 30, 10, finger(1));
  send('pointerdown', 5, 5, finger(2));
  send('pointerup', 5, 5, finger(2));
  assert.deepEqual(said, ['pan 20,0', 'click 5,5']);
});

test('one finger draws with a tool, from where it came down', () => {
  const { said, send } = stageWith('brush');
  send('pointerdown', 10, 10, finger(1));
  send('pointermove', 30, 10, finger(1));
  send('pointerup', 31, 10, finger(1));
  assert.deepEqual(said, ['brush down 10,10', 'brush move 30,10', 'brush up 31,10']);
});

test('a tap with a tool is its click', () => {
  const { said, send } = stageWith('polygon');
  send('pointerdown', 10, 10, finger(1));
  send('pointerup', 11, 10, finger(1));
  assert.deepEqual(said, ['polygon down 10,10', 'polygon up 11,10']);
});

test('two fingers pinch and draw nothing, until both are lifted', () => {
  const { said, send } = stageWith('brush');
  send('pointerdown', 0, 0, finger(1));
  send('pointerdown', 10, 0, finger(2));
  send('pointermove', 30, 0, finger(2));
  send('pointerup', 30, 0, finger(2));
  send('pointermove', 9, 9, finger(1));
  send('pointerup', 9, 9, finger(1));
  assert.deepEqual(said, ['pan 10,0', 'zoom 3 at 15,0']);
  send('pointerdown', 1, 1, finger(3));
  send('pointerup', 1, 1, finger(3));
  assert.deepEqual(said.slice(2), ['brush down 1,1', 'brush up 1,1']);
});

test('a palm that comes down while a pen draws changes nothing', () => {
  const { said, send } = stageWith('brush');
  const pen = { pointerId: 7, pointerType: 'pen' };
  send('pointerdown', 0, 0, pen);
  send('pointerdown', 80, 80, finger(1));
  send('pointerdown', 90, 90, finger(2));
  send('pointermove', 85, 85, finger(1));
  send('pointerup', 85, 85, finger(1));
  send('pointermove', 5, 5, pen);
  send('pointerup', 6, 6, pen);
  assert.deepEqual(said, ['brush down 0,0', 'brush move 5,5', 'brush up 6,6']);
});

test('a pen takes over from the palm that came down before it', () => {
  const { said, send } = stageWith('brush');
  const pen = { pointerId: 7, pointerType: 'pen' };
  send('pointerdown', 80, 80, finger(1));
  send('pointermove', 95, 80, finger(1));
  send('pointerdown', 0, 0, pen);
  send('pointermove', 99, 80, finger(1));
  send('pointerup', 6, 6, pen);
  assert.deepEqual(said, ['brush down 80,80', 'brush move 95,80', 'brush cancel', 'brush down 0,0', 'brush up 6,6']);
});

test('a stroke that the system takes away is given up, and the next one starts afresh', () => {
  const { said, send } = stageWith('brush');
  send('pointerdown', 0, 0);
  send('pointercancel', 0, 0);
  send('pointerdown', 5, 5);
  send('pointerup', 5, 5);
  assert.deepEqual(said, ['brush down 0,0', 'brush cancel', 'brush down 5,5', 'brush up 5,5']);
});

test('the right button does nothing', () => {
  const { said, send } = stageWith('brush');
  send('pointerdown', 0, 0, { button: 2 });
  send('pointerup', 0, 0, { button: 2 });
  assert.deepEqual(said, []);
});
