/** Who works on the workspace now: those on the open photo by name, those elsewhere as initials, and oneself. */
import { h } from './dom.mjs';

// Who is not logged in is called so by the server, and nobody else can be.
const NOBODY = 'local';
const OWN_TAB = 'Another tab of yours';
const OWN_TAB_SIGN = '⧉';
const SHOWN_HERE = 3;
const SHOWN_ELSEWHERE = 3;

/** @typedef {import('../session/presence.mjs').Present} Present */

/**
 * @param {ReturnType<typeof import('../truth/state.mjs').createStore>} store
 * @returns {{element: HTMLElement}} for the bar
 */
export function createPeople(store) {
  const here = h('span', { class: 'mw-people-here', role: 'status' });
  const elsewhere = h('span', { class: 'mw-people-elsewhere' });
  const self = h('span', { class: 'mw-people-self' });

  function update(state, before) {
    const sameImage = state.base?.id === before?.base?.id;
    if (before && sameImage && ['people', 'loggedOut', 'workspace'].every((name) => state[name] === before[name])) return;
    const user = state.workspace?.user ?? NOBODY;
    const { together, apart } = divided(state.people, state.base?.id ?? null, user);
    here.replaceChildren(...(together.length > 0 ? [chip(together)] : []));
    elsewhere.replaceChildren(...stack(apart));
    self.replaceChildren(...(state.loggedOut ? [loginLink()] : user === NOBODY ? [] : [accountLink(user)]));
  }

  store.subscribe(update);
  update(store.state, null);
  return { element: h('div', { class: 'mw-people', role: 'group', 'aria-label': 'People' }, [here, elsewhere, self]) };
}

/**
 * The others' names, each once: those on the photo, and those only elsewhere. One's own other tab counts on the photo
 * alone, as what is done there shows here.
 * @param {Present[]} people @param {number | null} imageId the open photo @param {string} user oneself
 * @returns {{together: string[], apart: string[]}}
 */
export function divided(people, imageId, user) {
  const others = people.filter((one) => !one.you);
  const onIt = others.filter((one) => imageId !== null && one.image_id === imageId).map((one) => one.user);
  const together = new Set(onIt.map((name) => (name === user ? OWN_TAB : name)));
  const apart = new Set(others.map((one) => one.user).filter((name) => name !== user && !together.has(name)));
  return { together: [...together], apart: [...apart] };
}

// What a reader takes for one letter may be several code points, as in most scripts of India and in many emoji.
const LETTERS = new Intl.Segmenter('en', { granularity: 'grapheme' });

/**
 * Two letters that stand for a name: of its first and last word, of one word its beginning; a number at the end counts
 * as a word, to tell "user1" from "user2", and shows two digits. A name of signs alone shows a question mark, one's own
 * tab a sign of its own.
 * @param {string} name
 */
export function initials(name) {
  if (name === OWN_TAB) return OWN_TAB_SIGN;
  const words = name.toUpperCase().match(/\p{Nd}+|[^\s\p{P}\p{Sm}\p{Sc}\p{Nd}`^]+/gu) ?? ['?'];
  if (words.length === 1) return beginning(words[0], 2);
  return beginning(words[0], 1) + (/^\p{Nd}/u.test(words.at(-1)) ? words.at(-1).slice(-2) : beginning(words.at(-1), 1));
}

function beginning(word, count) {
  return Array.from(LETTERS.segment(word), ({ segment }) => segment).slice(0, count).join('');
}

/** An angle on the colour circle, the same for the same name everywhere. @param {string} name */
export function hueOf(name) {
  let sum = 0;
  for (const sign of name) sum = (sum * 31 + sign.codePointAt(0)) % 36_000;
  return sum % 360;
}

/** A round picture of a name. @param {string} name @param {string | null} [title] none where the name stands beside it */
function avatar(name, title = null) {
  const properties = { class: 'mw-avatar', 'data-initials': initials(name), title, 'aria-label': title };
  const picture = h('span', { ...properties, role: title ? 'img' : null, 'aria-hidden': title ? null : 'true' });
  picture.style.setProperty('--hue', String(hueOf(name)));
  return picture;
}

/** Those on the open photo: short to see, as the bar is full; a whole sentence to hear and to point at. */
function chip(names) {
  const sentence = `${names.join(', ')} ${names.length === 1 ? 'is' : 'are'} on this photo too`;
  const short = names.length === 1 ? names[0] : `${names.length} here`;
  return h('span', { class: 'mw-chip', title: sentence }, [
    ...names.slice(0, SHOWN_HERE).map((name) => avatar(name)),
    h('span', { class: 'mw-name', text: short, 'aria-hidden': 'true' }),
    h('span', { class: 'mw-heard', text: sentence }),
  ]);
}

function stack(names) {
  const shown = names.slice(0, SHOWN_ELSEWHERE).map((name) => avatar(name, `${name} is on another photo`));
  const more = names.slice(SHOWN_ELSEWHERE);
  if (more.length === 0) return shown;
  return [...shown, h('span', { class: 'mw-muted', text: `+${more.length}`, title: more.join(', ') })];
}

function accountLink(user) {
  const name = `You are ${user}: account, log out`;
  return h('a', { class: 'mw-account', href: '/account', title: name, 'aria-label': name }, [avatar(user)]);
}

/** In another tab, so that what is unsaved here stays. */
function loginLink() {
  return h('a', { class: 'mw-login', href: '/login', target: '_blank', text: 'Logged out: log in again' });
}
