// The service worker: registered when the page has shown itself, and asked whether it is of this page's version. A newer one
// waits for «Обновить», as what is open here goes on as it is.
(() => {
  const HOUR = 3600 * 1000, version = document.documentElement.getAttribute('data-version');
  let asked = Date.now(), isWanted = false;

  function offer(press) {
    ibolit.promptBar('update', 'Вышла новая версия iBolit.', [
      { words: 'Обновить', isMain: true, press },
      { words: 'Позже', press: () => {} }
    ]);
  }

  // A part of this page is not to be had: without a network, or because the clinic has been updated under it.
  async function onMissing() {
    const answer = await fetch('/healthz', { cache: 'no-store' }), now = answer.headers.get('X-iBolit');
    if (!now || now === version) return;
    ibolit.isOutdated = true;
    htmx.trigger(document.body, 'ibolit:outdated');
    offer(() => ibolit.go());
  }

  document.addEventListener('ibolit:script-missing', () => { onMissing().catch(() => {}); });
  if (!('serviceWorker' in navigator)) return;

  async function register() {
    const registration = await navigator.serviceWorker.register('/sw.js');
    meet(registration.waiting);
    registration.addEventListener('updatefound', () => {
      const worker = registration.installing;
      worker.addEventListener('statechange', () => { if (worker.state === 'installed') meet(registration.waiting); });
    });
    // A chat stays open for days, and browsers look for a new worker only when a page is opened.
    document.addEventListener('visibilitychange', () => {
      if (document.hidden || Date.now() - asked < HOUR) return;
      asked = Date.now();
      registration.update().catch(() => {});
    });
  }

  function meet(worker) { if (worker) worker.postMessage({ version }); }

  function onMessage(event) {
    if (event.data.newer) offer(() => takeOver(event.source));
  }

  function takeOver(worker) {
    isWanted = true;
    worker.postMessage({ takeOver: true });
  }

  navigator.serviceWorker.addEventListener('message', onMessage);
  navigator.serviceWorker.addEventListener('controllerchange', () => { if (isWanted) ibolit.go(); });
  window.addEventListener('load', () => { register().catch(() => {}); });
})();
