/* «Хранить переписку на этом устройстве»: the cache kept-N is both the wish of the person N and what it holds – the list
   of chats, the last page of the last of them, the consultations, and the thumbnails seen there. Nothing else is personal
   here. Everything goes with the sign-in page: whoever sees it is signed in no more. */
import { forgetNotices } from './sw-push.js';
import { fromShell, isOurs, isPart, ours } from './sw-shell.js';
import * as timeouts from './js/modern/lib/timeouts.js';

const CHATS = 20, PAGE = /^\/(messages|consultations|chats\/\d+|consultations\/\d+)$/;
const LIMITS = [[/^\/chats\/\d+$/, CHATS], [/^\/consultations\/\d+$/, 20], [/^\/files\/\d+\/thumbnail$/, 100]];
let line = Promise.resolve();

/* One after another: what is being wiped must not be written back. */
function inTurn(work) {
  const turn = line.then(work);
  line = turn.catch(() => {});
  return turn;
}

async function names() { return (await caches.keys()).filter((name) => name.startsWith('kept-')); }

export function wipe(except) {
  if (!except) forgetNotices().catch(() => {}); // nobody is signed in here
  return inTurn(async () => Promise.all((await names()).filter((name) => name !== except).map((name) => caches.delete(name))));
}

export function isThumbnail(path) { return LIMITS[2][0].test(path); }

/* What to show without a network; a start opens the list of chats, a card that was never opened the list it is on. */
export async function find(url) {
  const { pathname, search } = new URL(url), [cacheName] = await names();
  if (!cacheName || search) return null;
  const found = await caches.match(pathname, { cacheName });
  if (found || pathname === '/messages') return found;
  const list = pathname === '/' ? '/messages' : pathname.startsWith('/consultations/') ? '/consultations' : '';
  return list && await caches.match(list, { cacheName }) ? Response.redirect(list) : null;
}

/* The page itself says of when it is: modern/page-cache.js. */
export async function shown(copy) {
  if (!copy.headers.has('X-Kept-At')) return copy;
  const page = await copy.text();
  return new Response(page.replace('<html ', `<html data-kept-at="${copy.headers.get('X-Kept-At')}" `), { headers: copy.headers });
}

/* A page that the person opens. */
export async function note(event, answer) {
  const { pathname, search } = new URL(event.request.url);
  if (!answer.ok || !isOurs(answer)) return;
  if (pathname === '/login') event.waitUntil(wipe());
  else if ((await names()).length && PAGE.test(pathname) && !search) event.waitUntil(keep(pathname, answer.clone()));
}

async function keep(path, answer) {
  const page = await answer.text(), viewer = (/<body [^>]*data-viewer="(\d+)"/.exec(page) || [])[1], name = `kept-${viewer}`;
  if (!viewer) return page;
  await wipe(name);
  await inTurn(async () => {
    if (!await caches.has(name)) return;
    const cache = await caches.open(name), old = await cache.match(path);
    await cache.put(path, new Response(page, { headers: headersOf(answer, stateOf(path, page)) }));
    if (old) await forgetThumbnails(cache, await old.text(), page);
    await trim(cache);
  });
  const parts = [...new Set(page.match(/\/assets\/[\w./-]+/g))].filter(isPart);
  await Promise.all(parts.map((part) => fromShell(new Request(part)).catch(() => {})));
  return page;
}

/* Of messages that are not on the page any more: what was recalled leaves the device, too. */
function forgetThumbnails(cache, old, page) {
  const gone = (old.match(/\/files\/\d+\/thumbnail/g) || []).filter((path) => !page.includes(`${path}"`));
  return Promise.all(gone.map((path) => cache.delete(path, { ignoreVary: true })));
}

function headersOf(answer, state) {
  const headers = new Headers(answer.headers);
  ['Content-Encoding', 'Content-Length', 'Vary'].forEach((name) => headers.delete(name));
  headers.set('X-Kept-At', String(Date.now()));
  headers.set('X-Kept-State', state);
  return headers;
}

/* Changes with the chat's last message, and with us: another version's copies need parts that will be gone. */
function stateOf(path, list) {
  const row = rowsOf(list).find(([id]) => path === `/chats/${id}`);
  return `${VERSION} ${row ? row[1] : ''}`;
}

function rowsOf(list) {
  const rows = [], row = /data-chat="(\d+)" data-list="chats" data-key="(\d+)"/g;
  for (let found = row.exec(list); found; found = row.exec(list)) rows.push([found[1], found[2]]);
  return rows;
}

/* In the order of their keeping, the oldest first. */
async function trim(cache) {
  const keys = await cache.keys();
  await Promise.all(LIMITS.map(([kind, most]) => (
    Promise.all(keys.filter((key) => kind.test(new URL(key.url).pathname)).slice(0, -most).map((key) => cache.delete(key)))
  )));
}

export async function thumbnail(event) {
  const [cacheName] = await timeouts.within(names().catch(() => []), []);
  try {
    const answer = await fetch(event.request);
    if (cacheName && answer.status === 200 && isOurs(answer)) event.waitUntil(keepThumbnail(cacheName, event.request.url, answer.clone()));
    return answer;
  } catch (error) {
    const found = cacheName && await caches.match(event.request.url, { cacheName, ignoreVary: true });
    if (found && isPicture(found)) return found;
    if (found) event.waitUntil(caches.open(cacheName).then((cache) => cache.delete(event.request.url, { ignoreVary: true })));
    throw error;
  }
}

/* Once whatever came was kept. */
function isPicture(answer) { return (answer.headers.get('Content-Type') || '').startsWith('image/'); }

function keepThumbnail(name, url, answer) {
  return inTurn(async () => {
    if (!await caches.has(name)) return;
    const cache = await caches.open(name);
    await cache.put(url, answer);
    await trim(cache);
  });
}

/* Asked for by an open page: the lists, and those chats in which something was said since. */
async function refresh(viewer) {
  const cacheName = `kept-${viewer}`;
  if (!await caches.has(cacheName)) return;
  const list = await fetchPage('/messages');
  for (const [id] of rowsOf(list).slice(0, CHATS).reverse()) {
    const path = `/chats/${id}`, copy = await caches.match(path, { cacheName });
    if (!copy || copy.headers.get('X-Kept-State') !== stateOf(path, list)) await fetchPage(path);
  }
  await fetchPage('/consultations');
}

/* The server is told that nobody reads it now; its audit log notes what the device was given. */
async function fetchPage(path) {
  const answer = ours(await fetch(path, { credentials: 'same-origin', headers: { 'X-Kept-Copy': '1' } }));
  if (new URL(answer.url).pathname === '/login') await wipe();
  if (!answer.ok || answer.redirected) throw new Error('not shown');
  return keep(path, answer);
}

self.addEventListener('message', (event) => {
  const { refresh: viewer } = event.data || {};
  if (!viewer) return;
  const done = refresh(viewer).then(() => true, () => false);
  event.waitUntil(done.then((isKept) => event.source.postMessage({ refreshed: isKept })));
});
