/* The server puts before this VERSION, which names this worker, and ASSETS: the shell's files by names that change with
   their content, and the offline page; and then the worker's other parts, sw-*.js. */
import './sw-background-sync.js';
import { SHELL, fetchPart, fromShell, isOurs, isPart, ours } from './sw-shell.js';
import * as pageCache from './sw-page-cache.js';
import * as timeouts from './js/modern/lib/timeouts.js';

const OFFLINE = '/offline';
const PATIENCE = 8000;  // milliseconds for the network to show a page of which there is a copy

self.addEventListener('install', (event) => {
  event.waitUntil(caches.open(SHELL).then((cache) => Promise.all(ASSETS.map(async (path) => {
    await cache.put(path, await (path === OFFLINE ? offlinePage() : fetchPart(new Request(path))));
  }))));
});

async function offlinePage() {
  const answer = ours(await fetch(OFFLINE));
  if (!answer.ok) throw new Error('not shown');
  return answer;
}

/* The shell before this one stays: a page of that version may still be open and ask for its parts. */
self.addEventListener('activate', (event) => {
  event.waitUntil((async () => {
    const shells = (await caches.keys()).filter((name) => name.startsWith('shell-') && name !== SHELL);
    await Promise.all(shells.slice(0, -1).map((name) => caches.delete(name)));
    /* Asked for ahead, Chrome 64 sends no cookies, so nobody is signed in; Firefox without a network shows no copy. What
       has userAgentData is a newer Chromium. */
    const ahead = self.registration.navigationPreload;
    if (ahead) await (navigator.userAgentData ? ahead.enable() : ahead.disable());
    await self.clients.claim();
  })());
});

/* A page says which version it is. Of ours: the old worker goes as soon as no other page is open. Else it offers us,
   and until «Обновить» is pressed everything open stays as it was. */
self.addEventListener('message', (event) => {
  const { version, takeOver } = event.data || {};
  if (takeOver) self.skipWaiting();
  else if (version && version !== VERSION) event.source.postMessage({ newer: true });
  else if (version) event.waitUntil(self.clients.matchAll({ type: 'window', includeUncontrolled: true }).then((pages) => {
    if (pages.length < 2) self.skipWaiting();
  }));
});

self.addEventListener('fetch', (event) => {
  const { pathname, origin } = new URL(event.request.url);
  if (event.request.method !== 'GET' || origin !== self.location.origin) return;
  if (event.request.mode === 'navigate') event.respondWith(show(event));
  else if (isPart(pathname)) event.respondWith(fromShell(event.request));
  else if (pageCache.isThumbnail(pathname)) event.respondWith(pageCache.thumbnail(event));
});

/* From the network; without it, the copy kept on this device by the person's wish, or the page that says there is none. */
async function show(event) {
  const silence = {}, asked = fromNetwork(event);
  const found = await timeouts.within(pageCache.find(event.request.url).catch(() => null), silence), copy = found === silence ? null : found;
  try {
    const answer = await (copy ? Promise.race([asked, lateness()]) : asked);
    if (copy && answer.ok && !isOurs(answer)) return pageCache.shown(copy); // a filter's page tells less than what is kept here
    if (found !== silence) await timeouts.within(pageCache.note(event, answer).catch(() => {}));
    return answer;
  } catch (error) {
    asked.catch(() => {});
    return copy ? pageCache.shown(copy) : caches.match(OFFLINE, { cacheName: SHELL });
  }
}

/* A gateway that cannot reach the clinic is no clinic either. */
async function fromNetwork(event) {
  const answer = await event.preloadResponse || await fetch(event.request);
  if (answer.status >= 500 && !isOurs(answer)) throw new Error('nobody behind the gateway');
  return answer;
}

function lateness() {
  return new Promise((done, failed) => { setTimeout(failed, PATIENCE, new Error('too late')); });
}
