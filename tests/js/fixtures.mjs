/** The cases that tests/test_js.py makes with the Python side; without them the tests that need them are skipped. */
import { readFileSync } from 'node:fs';

const path = process.env.MASKWRIGHT_JS_FIXTURES;
export const fixtures = path ? JSON.parse(readFileSync(path, 'utf8')) : null;
export const needsFixtures = { skip: fixtures ? false : '`python -m pytest tests/test_js.py` makes the cases' };
