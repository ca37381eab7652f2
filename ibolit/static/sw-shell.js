/* What the app is made of, kept by this worker: its parts, which the network is not asked for twice. */
import * as timeouts from './js/modern/lib/timeouts.js';

/* Whose answer it is. Filters, hotels and pages of "we are being repaired" answer 200 as well: only we send this header. */
export function isOurs(answer) { return answer.headers.has('X-iBolit'); }

export function ours(answer) {
  if (!isOurs(answer)) throw new Error('not the clinic');
  return answer;
}

/* The parts of the app. Their names carry the beginning of their digest, so nothing else can be kept in their place; what
   an older worker kept unseen is thrown away when it is found. */
export const SHELL = `shell-${VERSION}`;
const NAMED = /\.([0-9a-f]{12})\.\w+$/, sound = new Set();

async function isSound(request, answer) {
  const { pathname } = new URL(request.url), named = NAMED.exec(pathname);
  if (!answer.ok || !named) return false;
  const digest = new Uint8Array(await crypto.subtle.digest('SHA-256', await answer.clone().arrayBuffer()));
  return [...digest.slice(0, 6)].map((byte) => (byte + 256).toString(16).slice(1)).join('') === named[1];
}

/* Icons, splash screens and pictures of the manifest are asked for by the browser itself, which may take a page away
   while they are under way, and then complains of the worker. */
export function isPart(path) { return /^\/assets\/(?!(icons|splash|screenshots)\/.*\.png$)/.test(path); }

/* Read through once a life of the worker. */
async function find(request) {
  const names = (await caches.keys()).filter((name) => name.startsWith('shell-'));
  for (const name of names.reverse()) {
    const cache = await caches.open(name), found = await cache.match(request);
    if (found && (sound.has(request.url) || await isSound(request, found))) {
      sound.add(request.url);
      return found;
    }
    if (found) await cache.delete(request);
  }
  return null;
}

/* Once more past the browser's own cache, which may have kept the stranger's. */
export async function fetchPart(request) {
  for (const cache of ['default', 'reload']) {
    const answer = await fetch(request.url, { cache });
    if (await isSound(request, answer)) return answer;
  }
  throw new Error('not this part');
}

/* What is not precached stays after its first use: by such names nothing ever changes. */
export async function fromShell(request) {
  const found = await timeouts.within(find(request).catch(() => null), null);
  if (found) return found;
  const answer = await fetchPart(request);
  const copy = answer.clone();
  caches.open(SHELL).then((cache) => cache.put(request, copy)).catch(() => {});
  return answer;
}
