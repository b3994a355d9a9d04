/*
 * Keeps the Annotate page's modules and styles for the time without the server. With the server everything comes from
 * it: only what stands below /kept/ is taken from here, and nothing there is asked for by a page that it has sent.
 * The server puts VERSION before this text.
 */
const PREFIX = 'maskwright-shell-';
const CACHE = PREFIX + VERSION;
const KEPT = '/kept/';
// A server that has not begun to answer by then is not there for the person who waits.
const PATIENCE_MS = 8_000;
const GATEWAYS = new Set([502, 503, 504]);
const TYPES = { mjs: 'text/javascript', css: 'text/css', html: 'text/html; charset=utf-8' };
const HEADERS = {
  'X-Content-Type-Options': 'nosniff',
  'X-Frame-Options': 'SAMEORIGIN',
  'Content-Security-Policy': "default-src 'self'; img-src 'self' blob: data:; object-src 'none'; base-uri 'none'",
};

self.addEventListener('install', (event) => event.waitUntil(fill().then(() => self.skipWaiting())));
self.addEventListener('activate', (event) => event.waitUntil(tidy().then(() => self.clients.claim())));
self.addEventListener('fetch', (event) => {
  const { mode, url } = event.request;
  const { origin, pathname, searchParams } = new URL(url);
  if (origin !== self.location.origin) return;
  if (pathname.startsWith(KEPT)) event.respondWith(kept(pathname));
  else if (mode === 'navigate' && pathname === '/' && !searchParams.has('no-worker')) event.respondWith(page(event));
});

/** All files in one answer, or none: a copy is never of two versions. */
async function fill() {
  const answer = await fetch('/ui/shell.json', { cache: 'no-cache' });
  if (!answer.ok) throw new Error(`the server answered ${answer.status}`);
  const { version, files } = await answer.json();
  if (version !== VERSION) throw new Error('the page was changed meanwhile; the next visit keeps it');
  const cache = await caches.open(CACHE);
  await Promise.all(Object.entries(files).map(([name, text]) => cache.put(KEPT + name, fileOf(name, text))));
}

function fileOf(name, text) {
  return new Response(text, { headers: { ...HEADERS, 'Content-Type': TYPES[name.split('.').at(-1)] } });
}

async function tidy() {
  const names = await caches.keys();
  await Promise.all(names.filter((name) => name.startsWith(PREFIX) && name !== CACHE).map((name) => caches.delete(name)));
}

/** Any version's: an open page goes on with the modules it began with. */
async function kept(pathname) {
  return (await caches.match(pathname)) ?? new Response('not kept', { status: 404 });
}

/** The server's page; without the server, or with a gateway's answer in its stead, the Annotate page alone. */
async function page(event) {
  const answer = fetch(event.request);
  const late = new Promise((resolve) => setTimeout(resolve, PATIENCE_MS, null));
  const first = await Promise.race([answer, late]).catch(() => null);
  if (first && !GATEWAYS.has(first.status)) return first;
  return (await caches.match(`${KEPT}offline.html`)) ?? first ?? answer;
}
