/* What is pushed. Every push shows something: browsers withdraw the permission after silent ones. */
const NEWS = 'iBolit: есть новости';

function toldBy(event) {
  try { return event.data.json(); } catch (error) { return {}; } // empty, or not of ours
}

/* One notice a chat: the newer takes the older one's place, and is heard again. */
function showNotice(told) {
  return self.registration.showNotification(told.title || NEWS, {
    body: told.body || '',
    tag: told.tag || 'news',
    renotify: true,
    lang: 'ru',
    icon: '/static/icons/icon-192.png',
    data: { url: told.url || '/' },
  });
}

function showCount(count) {
  if (typeof count !== 'number' || !('setAppBadge' in self.navigator)) return undefined;
  return self.navigator.setAppBadge(count).catch(() => {});
}

/* Taken away when nobody is signed in on this device. */
export async function forgetNotices() {
  if ('clearAppBadge' in self.navigator) self.navigator.clearAppBadge().catch(() => {});
  (await self.registration.getNotifications()).forEach((notice) => notice.close());
}

self.addEventListener('push', (event) => {
  const told = toldBy(event);
  event.waitUntil(Promise.all([showNotice(told), showCount(told.unread)]));
});

/* What is pushed names no page of a consultation, as links in SMS do not. */
function pageOf(url) { return url.pathname.replace(/^\/v\//, '/consultations/'); }

/* The page that is there already comes forward; else a window is led to it, but never one that is in a call. */
function openPage(url) {
  return self.clients.matchAll({ type: 'window', includeUncontrolled: true }).then((windows) => {
    const there = windows.find((one) => new URL(one.url).pathname === pageOf(url));
    if (there) return there.focus();
    const free = windows.find((one) => !new URL(one.url).pathname.endsWith('/call'));
    if (!free) return self.clients.openWindow(url.href);
    return free.focus().then((one) => one.navigate(url.href)).catch(() => self.clients.openWindow(url.href));
  });
}

self.addEventListener('notificationclick', (event) => {
  const url = new URL(event.notification.data.url, self.location.origin);
  event.notification.close();
  event.waitUntil(openPage(url.origin === self.location.origin ? url : new URL('/', self.location.origin)));
});

/* The browser's push service has given another address: the clinic learns it, by the old one. */
self.addEventListener('pushsubscriptionchange', (event) => {
  const old = event.oldSubscription;
  if (!old) return; // the next page that is opened sees it
  const renewed = event.newSubscription
    ? Promise.resolve(event.newSubscription)
    : self.registration.pushManager.subscribe({ userVisibleOnly: true, applicationServerKey: old.options.applicationServerKey });
  event.waitUntil(renewed.then((fresh) => {
    const { endpoint, keys } = fresh.toJSON();
    const body = new URLSearchParams({ old: old.endpoint, endpoint, p256dh: keys.p256dh, auth: keys.auth });
    return fetch('/profile/push/renewal', { method: 'POST', body, credentials: 'same-origin' });
  }).catch(() => {}));
});
