import assert from 'node:assert/strict';
import { test } from 'node:test';
import { chordOf } from '../../../assets/js/commands/chords.mjs';
import { BINDINGS } from '../../../assets/js/commands/keys.mjs';
import { PRESETS } from '../../../assets/js/commands/presets.mjs';
import { spelledChord } from '../../../assets/js/commands/spelling.mjs';

test('what people write is the chord that the press gives', () => {
  const written = {
    d: 'D',
    'shift+ctrl+z': 'Ctrl+Shift+Z',
    'Cmd + k': 'Ctrl+K',
    'ctrl++': 'Ctrl++',
    '+': '+',
    esc: 'Escape',
    'alt+left': 'Alt+ArrowLeft',
    f5: 'F5',
    ' ': 'Space',
    é: 'É',
    AudioVolumeUp: 'AudioVolumeUp',
  };
  for (const [text, chord] of Object.entries(written)) assert.equal(spelledChord(text), chord, text);
});

test('what no press gives is none', () => {
  for (const text of ['', 'Ctr+Q', 'Entr', 'Ctrl+', 'Shift+?', 'Shift+1', 'A+B', 'F99', '++', 7, null, ['A']]) {
    assert.equal(spelledChord(text), null, JSON.stringify(text));
  }
});

test('the chords of the table, of the presets and of any press are spelled already', () => {
  const keys = [...BINDINGS.flatMap((row) => row.keys), ...Object.values(PRESETS).flatMap((one) => Object.values(one.keys).flat())];
  for (const key of keys) assert.equal(spelledChord(key), key);
  for (const key of ['ß', 'q', 'Q', '?', '+', ' ', 'Dead', 'ö', 'ч', '😀', 'MediaPlayPause', 'ArrowUp']) {
    for (const shiftKey of [false, true]) {
      const chord = chordOf({ key, shiftKey, ctrlKey: true, altKey: false, metaKey: false });
      assert.equal(spelledChord(chord), chord);
    }
  }
});
