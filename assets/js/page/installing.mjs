/** Makes the page one that a browser can install, and that opens without the server. */
import { h } from './dom.mjs';

const WORKER = '/service-worker.js';
const MANIFEST = '/manifest.webmanifest';
const CACHES = 'maskwright-shell-';
// The way out, should a worker ever be at fault: the page's address with this.
const WITHOUT = 'no-worker';
// The first photos have the server to themselves.
const AFTER_MS = 3_000;

/** Without a secure address, which a worker needs, the page works all the same. */
export function makeInstallable() {
  document.querySelector('link[rel="manifest"]')?.remove();
  document.head.append(h('link', { rel: 'manifest', href: MANIFEST }));
  if (!navigator.serviceWorker) return;
  if (new URL(location.href).searchParams.has(WITHOUT)) void removeWorker();
  else setTimeout(() => void installWorker(), AFTER_MS);
}

async function installWorker() {
  // A browser may forbid it, and the server may be away; the next visit tries again.
  await navigator.serviceWorker.register(WORKER, { updateViaCache: 'none' }).catch(() => {});
}

async function removeWorker() {
  const registrations = await navigator.serviceWorker.getRegistrations();
  await Promise.all(registrations.map((registration) => registration.unregister()));
  const names = await caches.keys();
  await Promise.all(names.filter((name) => name.startsWith(CACHES)).map((name) => caches.delete(name)));
}
