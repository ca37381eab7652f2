// Where the service worker can send what waits with the app closed, letters lie in the mailbag. The page has them in its
// memory, too, as it asks at once; and a new one in the ground floor's store until the bag has it: a page may be left
// sooner than a disk answers, and a disk may be forbidden.
(() => {
  if (!('SyncManager' in window && 'BroadcastChannel' in window && 'indexedDB' in window && navigator.locks)) return;
  const viewer = document.body.getAttribute('data-viewer'), letters = new Map();
  const ground = ibolit.letters.keepIn({ ready, all, has, put, remove, alone, later, hasOthers });
  let others = false;
  const loaded = load();

  async function load() {
    ground.all().forEach((letter) => letters.set(letter.id, letter));
    const asked = mailbag.all().catch(() => []), kept = await patience.within(asked, null);
    if (kept) take(kept); else asked.then(takeAfterAll);
    ground.all().forEach(bring); // of an older version, or a page that was left
  }

  function bring(letter) {
    const whole = Object.assign({ viewer }, letter);
    return mailbag.put(whole).then(() => {
      ground.remove(letter);
      mailbag.tell({ kept: whole });
    }).catch(() => {});
  }

  // A disk that never answers keeps nobody from writing; what it has after all is sent then.
  function takeAfterAll(kept) {
    take(kept);
    htmx.trigger(document.body, 'ibolit:unattended');
  }

  function take(kept) {
    const isOver = (letter) => ibolit.leftBehind.isOver(letter.viewer, letter), alive = kept.filter((letter) => !isOver(letter));
    kept.filter(isOver).forEach(wipe);
    ibolit.leftBehind.tell();
    others = alive.some((letter) => letter.viewer !== viewer);
    alive.filter((letter) => letter.viewer === viewer).forEach((letter) => letters.set(letter.id, letter));
  }

  function wipe(letter) {
    ibolit.leftBehind.note(letter.viewer);
    mailbag.remove(letter.id).catch(() => {});
  }

  function hasOthers() { return others || ground.hasOthers(); }
  function ready(done) { loaded.then(done); }
  function all() { return [...letters.values()]; }
  function has(letter) { return letters.has(letter.id); }

  function put(letter) {
    letters.set(letter.id, letter);
    ground.put(letter);
    bring(letter);
    if (!navigator.onLine) later();
  }

  function remove(letter) {
    if (!letters.delete(letter.id)) return;
    ground.remove(letter);
    mailbag.remove(letter.id).then(() => mailbag.tell({ gone: letter.id })).catch(() => {});
  }

  // The worker and the other pages wait meanwhile.
  function alone(letter, work) { mailbag.exclusively(letter.chat, () => new Promise(work)); }

  function later() {
    navigator.serviceWorker.ready.then((worker) => worker.sync.register(mailbag.NAME)).catch(() => {}); // may be forbidden
  }

  // Somebody else has kept one, sent it or taken it back.
  function hear(news) {
    if (news.kept && news.kept.viewer === viewer) letters.set(news.kept.id, news.kept);
    if (news.kept || news.gone) htmx.trigger(document.body, 'ibolit:unsent');
    if (!news.gone || !letters.delete(news.gone)) return;
    if (news.html && document.getElementById(`chat-${news.chat}-messages`)) ibolit.place(news.html);
  }

  mailbag.listen(hear);
  document.addEventListener('visibilitychange', () => { if (document.hidden && letters.size) later(); });
})();
