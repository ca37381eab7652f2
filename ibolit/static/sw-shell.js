/* Whose answer it is. Filters, hotels and pages of "we are being repaired" answer 200 as well: only we send this header. */
function isOurs(answer) { return answer.headers.has('X-iBolit'); }

function ours(answer) {
  if (!isOurs(answer)) throw new Error('not the clinic');
  return answer;
}

/* The parts of the app. Their names carry the beginning of their digest, so nothing else can be kept in their place; what
   an older worker kept unseen is thrown away when it is found. */
const shell = (() => {
  const NAMED = /\.([0-9a-f]{12})\.\w+$/, sound = new Set();

  async function isSound(request, answer) {
    const { pathname } = new URL(request.url), named = NAMED.exec(pathname);
    if (!answer.ok || !named) return false;
    const digest = new Uint8Array(await crypto.subtle.digest('SHA-256', await answer.clone().arrayBuffer()));
    return [...digest.slice(0, 6)].map((byte) => (byte + 256).toString(16).slice(1)).join('') === named[1];
  }

  /* Icons, splash screens and pictures of the manifest are asked for by the browser itself, which may take a page away
     while they are under way, and then complains of the worker. */
  function isPart(path) { return /^\/assets\/(?!(icons|splash|screenshots)\/.*\.png$)/.test(path); }

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
  async function ask(request) {
    for (const cache of ['default', 'reload']) {
      const answer = await fetch(request.url, { cache });
      if (await isSound(request, answer)) return answer;
    }
    throw new Error('not this part');
  }

  return { isPart, find, fetch: ask };
})();
