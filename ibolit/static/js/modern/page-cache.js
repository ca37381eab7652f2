// «Хранить переписку на этом устройстве»: the wish is the cache kept-N itself, which the service worker fills (sw-page-cache.js).
(() => {
  if (!('serviceWorker' in navigator && 'caches' in window)) return;
  const STALE = 5 * 60 * 1000, PAUSE = 3000;
  const viewer = document.body.getAttribute('data-viewer'), name = `kept-${viewer}`;
  const keptAt = Number(document.documentElement.getAttribute('data-kept-at'));
  let timer = 0, isKept = false;

  async function begin() {
    const names = (await caches.keys()).filter((one) => one.startsWith('kept-'));
    await Promise.all(names.filter((one) => one !== name).map((one) => caches.delete(one))); // of who was here before
    isKept = names.includes(name);
    if (!isKept) return;
    const list = await caches.match('/messages', { cacheName: name });
    if (!list || Date.now() - Number(list.headers.get('X-Kept-At')) > STALE) refresh();
  }

  // Answered with { refreshed }.
  async function refresh() {
    const registration = await navigator.serviceWorker.ready;
    registration.active.postMessage({ refresh: viewer });
  }

  // What was said just now must be there when the network goes.
  function onApplied(event) {
    if (!isKept || !event.detail.item.classList.contains('message')) return;
    clearTimeout(timer);
    timer = setTimeout(catchUp, PAUSE);
  }

  function catchUp() {
    if (!timer) return;
    clearTimeout(timer);
    timer = 0;
    const worker = navigator.serviceWorker.controller; // a page that is being left can wait for nothing
    if (worker) worker.postMessage({ refresh: viewer }); else refresh();
  }

  // This page is a copy: it says so, and becomes true as soon as the clinic answers.
  function sayOfWhen() {
    const banner = document.getElementById('connection'), usual = banner.textContent, at = new Date(keptAt);
    banner.textContent = `Нет связи. Так было ${at.toLocaleDateString('ru', { day: 'numeric', month: 'long' })}, ` +
      `${at.toLocaleTimeString('ru', { hour: '2-digit', minute: '2-digit' })}.`;
    banner.hidden = false;
    document.querySelectorAll('.presence').forEach((one) => one.remove()); // the chat's own comes anew with what was missed
    document.body.addEventListener('htmx:wsOpen', () => {
      document.documentElement.removeAttribute('data-kept-at');
      banner.textContent = usual;
      if (document.querySelector('.chat')) htmx.trigger(document.body, 'chat:stale'); else ibolit.go();
    }, { once: true });
  }

  ibolit.behaviour('page-cache', (panel) => {
    const box = panel.querySelector('[type=checkbox]'), status = panel.querySelector('[role=status]');

    async function choose() {
      isKept = box.checked;
      if (isKept) {
        status.textContent = 'Сохраняем…';
        await caches.open(name);
        await refresh();
      } else {
        await caches.delete(name);
        status.textContent = 'Стёрто с этого устройства.';
      }
    }

    function onRefreshed(event) {
      if (!box.checked || event.data.refreshed === undefined) return;
      status.textContent = event.data.refreshed ? 'Сохранено. Откроется и без интернета.' : 'Нет связи. Сохраним, когда она появится.';
    }

    panel.querySelector('.page-cache__lacking').hidden = true;
    panel.querySelector('.page-cache__choice').hidden = false;
    caches.has(name).then((isThere) => { box.checked = isThere; });
    box.addEventListener('change', choose);
    navigator.serviceWorker.addEventListener('message', onRefreshed);
    return () => navigator.serviceWorker.removeEventListener('message', onRefreshed);
  });

  ibolit.behaviour('page-cache-state', (state) => {
    caches.has(name).then((isThere) => { state.textContent = isThere ? 'Переписка хранится на этом устройстве' : 'Переписка не хранится'; });
  });

  // Not every browser does what Clear-Site-Data asks for.
  window.addEventListener('submit', (event) => {
    if (event.defaultPrevented || !event.target.classList.contains('sign-out')) return;
    isKept = false;
    caches.delete(name);
  });
  document.body.addEventListener('ibolit:applied', onApplied);
  window.addEventListener('pagehide', catchUp);
  document.addEventListener('visibilitychange', () => { if (document.hidden) catchUp(); });
  begin().catch(() => {}); // storage may be forbidden
  if (keptAt) sayOfWhen();
})();
