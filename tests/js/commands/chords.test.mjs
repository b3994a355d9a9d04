import assert from 'node:assert/strict';
import { test } from 'node:test';
import { chordOf, chordsOf, isModifier } from '../../../assets/js/commands/chords.mjs';

const FREE = { ctrlKey: false, metaKey: false, altKey: false, shiftKey: false, getModifierState: () => false };
const pressed = (key, held = {}) => ({ key, ...FREE, ...held });
const ALT_GR = { ctrlKey: true, altKey: true, getModifierState: (name) => name === 'AltGraph' };

test('pressed keys read as the table spells them', () => {
  const cases = [
    ['A', pressed('a')],
    ['Shift+A', pressed('A', { shiftKey: true })],
    ['Space', pressed(' ')],
    ['?', pressed('?', { shiftKey: true })],
    ['+', pressed('+', { shiftKey: true })],
    ['Ctrl+Shift+Z', pressed('Z', { ctrlKey: true, shiftKey: true })],
    ['Ctrl+Z', pressed('z', { metaKey: true })],
    ['Shift+Tab', pressed('Tab', { shiftKey: true })],
    ['Alt+A', pressed('a', { altKey: true })],
    ['Alt+Shift+ArrowLeft', pressed('ArrowLeft', { altKey: true, shiftKey: true })],
    ['Ctrl++', pressed('+', { ctrlKey: true, shiftKey: true })],
  ];
  for (const [chord, event] of cases) assert.equal(chordOf(event), chord);
});

test('on other keyboards a key is found by its character, and else by its place', () => {
  const cases = [
    // A German "[" needs AltGr, which Windows reports as Ctrl and Alt.
    [['['], pressed('[', { ...ALT_GR, code: 'Digit8' }), '['],
    [['Ü', '['], pressed('ü', { code: 'BracketLeft' }), 'the key of the US "["'],
    [['Ö', ';'], pressed('ö', { code: 'Semicolon' }), 'the key of the US ";"'],
    [['Ф', 'A'], pressed('ф', { code: 'KeyA' }), 'a Russian keyboard'],
    [['&', '1'], pressed('&', { code: 'Digit1' }), 'French digits need Shift'],
    [['Alt+Å', 'Alt+A'], pressed('å', { altKey: true, code: 'KeyA' }), 'a Mac with Option held'],
    [['Dead', '['], pressed('Dead', { code: 'BracketLeft' }), 'a dead key'],
    [['Q', 'A'], pressed('q', { code: 'KeyA' }), 'AZERTY: the letter counts before the place'],
    [['Shift+Ф', 'Shift+A'], pressed('Ф', { shiftKey: true, code: 'KeyA' }), 'with Shift'],
  ];
  for (const [chords, event, why] of cases) assert.deepEqual(chordsOf(event).slice(0, chords.length), chords, why);
});

test('a digit of the number pad is that digit', () => {
  assert.deepEqual(chordsOf(pressed('7', { code: 'Numpad7' })), ['7']);
});

test('a modifier alone is no chord yet', () => {
  assert.ok(['Shift', 'Control', 'Alt', 'AltGraph', 'Meta'].every((key) => isModifier(pressed(key))));
  assert.ok(!isModifier(pressed('a')));
});
