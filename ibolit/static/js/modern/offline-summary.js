// The page that stands in without a network: what the person keeps on this device, and when the next consultation is.
ibolit.behaviour('offline-summary', (place) => {
  const OVER = 2 * 3600 * 1000;

  function startOf(card) { return Number(card.getAttribute('data-phase').split('-').pop()); }

  async function nextOf(cacheName) {
    const list = await caches.match('/consultations', { cacheName }), html = list ? await list.text() : '';
    // Copies kept before 30 November 2026 say talk; read for 90 days, until 28 February 2027.
    const page = new DOMParser().parseFromString(html.replace(/\btalk(?=__|--)/g, 'consultation'), 'text/html');
    return [...page.querySelectorAll('.consultation--confirmed, .consultation--proposed, .consultation--in-progress')]
      .filter((card) => startOf(card) > Date.now() - OVER).sort((one, other) => startOf(one) - startOf(other))[0];
  }

  function words(card, ...parts) {
    return parts.map((part) => card.querySelector(part).textContent.replace(/\s+/g, ' ').trim()).join(' ');
  }

  async function show() {
    const name = (await caches.keys()).find((one) => one.startsWith('kept-'));
    if (!name) return;
    place.hidden = false;
    const card = await nextOf(name);
    if (!card) return;
    place.querySelector('.offline-summary__consultation').hidden = false;
    place.querySelector('.offline-summary__when').textContent = words(card, '.consultation__day', '.consultation__zone');
    place.querySelector('.offline-summary__who').textContent = words(card, '.consultation__who > span:last-child');
  }

  if ('caches' in window) show().catch(() => {});
});
