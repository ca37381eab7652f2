// Where the service worker can send what waits with the app closed, messages lie in the pending store. The page has them in its
// memory, too, as it asks at once; and a new one in the ground floor's store until the bag has it: a page may be left
// sooner than a disk answers, and a disk may be forbidden.
import * as pendingStore from './lib/pending-store.js';
import * as timeouts from './lib/timeouts.js';

(() => {
  if (!('SyncManager' in window && 'BroadcastChannel' in window && 'indexedDB' in window && navigator.locks)) return;
  const viewer = document.body.getAttribute('data-viewer'), messages = new Map();
  const ground = ibolit.pending.useStore({ ready, all, has, put, remove, alone, later, hasOthers });
  let others = false;
  const loaded = load();

  async function load() {
    ground.all().forEach((message) => messages.set(message.id, message));
    const asked = pendingStore.all().catch(() => []), kept = await timeouts.within(asked, null);
    if (kept) take(kept); else asked.then(takeAfterAll);
    ground.all().forEach(bring); // of an older version, or a page that was left
  }

  function bring(message) {
    const whole = Object.assign({ viewer }, message);
    return pendingStore.put(whole).then(() => {
      ground.remove(message);
      pendingStore.tell({ kept: whole });
    }).catch(() => {});
  }

  // A disk that never answers keeps nobody from writing; what it has after all is sent then.
  function takeAfterAll(kept) {
    take(kept);
    htmx.trigger(document.body, 'ibolit:send-pending');
  }

  function take(kept) {
    const isExpired = (message) => ibolit.leftovers.isExpired(message.viewer, message), alive = kept.filter((message) => !isExpired(message));
    kept.filter(isExpired).forEach(wipe);
    ibolit.leftovers.tell();
    others = alive.some((message) => message.viewer !== viewer);
    alive.filter((message) => message.viewer === viewer).forEach((message) => messages.set(message.id, message));
  }

  function wipe(message) {
    ibolit.leftovers.note(message.viewer);
    pendingStore.remove(message.id).catch(() => {});
  }

  function hasOthers() { return others || ground.hasOthers(); }
  function ready(done) { loaded.then(done); }
  function all() { return [...messages.values()]; }
  function has(message) { return messages.has(message.id); }

  function put(message) {
    messages.set(message.id, message);
    ground.put(message);
    bring(message);
    if (!navigator.onLine) later();
  }

  function remove(message) {
    if (!messages.delete(message.id)) return;
    ground.remove(message);
    pendingStore.remove(message.id).then(() => pendingStore.tell({ gone: message.id })).catch(() => {});
  }

  // The worker and the other pages wait meanwhile.
  function alone(message, work) { pendingStore.exclusively(message.chat, () => new Promise(work)); }

  function later() {
    navigator.serviceWorker.ready.then((worker) => worker.sync.register(pendingStore.NAME)).catch(() => {}); // may be forbidden
  }

  // Somebody else has kept one, sent it or taken it back.
  function hear(news) {
    if (news.kept && news.kept.viewer === viewer) messages.set(news.kept.id, news.kept);
    if (news.kept || news.gone) htmx.trigger(document.body, 'ibolit:pending');
    if (!news.gone || !messages.delete(news.gone)) return;
    if (news.html && document.getElementById(`chat-${news.chat}-messages`)) ibolit.applyFragment(news.html);
  }

  pendingStore.listen(hear);
  document.addEventListener('visibilitychange', () => { if (document.hidden && messages.size) later(); });
})();
