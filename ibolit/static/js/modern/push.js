// Pushes to this device: offered, begun by a tap and never without one, looked after at every start of the app.
import * as timeouts from './lib/timeouts.js';

const WORDS = 'Сообщать о новых сообщениях на этом устройстве';
const DENIED = 'Браузер не разрешает уведомления. Разрешите их для этого сайта в его настройках и нажмите ещё раз.';
const FAILED = 'Включить уведомления не получилось. Проверьте интернет и нажмите ещё раз.';
const isAble = 'serviceWorker' in navigator && 'PushManager' in window && 'Notification' in window;
const panel = () => document.querySelector('section#notifications'); // in the profile's list it is a line

function post(path, fields) {
  return new Promise((resolve) => {
    ibolit.ask('POST', `/profile/push${path}`, ibolit.form(fields) || 'x=', (status, text) => resolve({ status, text }));
  });
}

function bytesOf(key) {
  const text = atob(key.replace(/-/g, '+').replace(/_/g, '/'));
  return Uint8Array.from(text, (sign) => sign.charCodeAt(0));
}

function isOfKey(subscription, key) {
  const used = subscription.options && subscription.options.applicationServerKey;
  if (!used) return true; // older engines do not tell
  const wanted = bytesOf(key);
  return new Uint8Array(used).every((byte, place) => byte === wanted[place]);
}

// The worker comes when all of the app has: on a slow network later than anything else.
async function pushManager() { return (await timeouts.within(navigator.serviceWorker.ready, {}, 20000)).pushManager; }

// Anew, when the clinic's key has changed or the push service has let the old one die.
async function subscription(key, isAnew) {
  const manager = await pushManager(), old = await manager.getSubscription();
  if (old && !isAnew && isOfKey(old, key)) return old;
  if (old) await old.unsubscribe();
  return manager.subscribe({ userVisibleOnly: true, applicationServerKey: bytesOf(key) });
}

async function tell(subscribed) {
  const { endpoint, keys } = subscribed.toJSON();
  return post('', { endpoint, p256dh: keys.p256dh, auth: keys.auth });
}

function say(words) {
  const status = panel() && panel().querySelector('[data-push-status]');
  if (status) { status.textContent = words; return; }
  document.getElementById('notices').innerHTML = '<p class="notice notice--bad"></p>';
  document.querySelector('#notices .notice').textContent = words;
}

// The permission is asked for first and at once: browsers want to see the tap it follows from.
async function begin(key, isAnew) {
  const permission = await new Promise((resolve, reject) => {
    const promise = Notification.requestPermission(resolve); // older Safari calls back
    if (promise) promise.then(resolve, reject);
  });
  if (permission !== 'granted') { say(DENIED); return; }
  try {
    const answer = await tell(await subscription(key || await askKey(), isAnew));
    if (!answer.status) say(FAILED); else if (panel()) ibolit.applyFragment(answer.text); else if (answer.status >= 400) say(FAILED);
  } catch (error) { say(FAILED); }
}

async function askKey() { return JSON.parse((await post('/check', { endpoint: '' })).text).key; }

// Once a start: does the clinic know this device by the address it has now?
async function check() {
  if (!isAble || Notification.permission !== 'granted' || sessionStorage.getItem('ibolit:push-checked')) return;
  const mine = await (await pushManager()).getSubscription();
  const answer = await post('/check', { endpoint: mine ? mine.endpoint : '' });
  if (answer.status !== 200) return;
  sessionStorage.setItem('ibolit:push-checked', '1');
  const { state, key } = JSON.parse(answer.text);
  if (state === 'unknown' || (state === 'on' && !isOfKey(mine, key))) await tell(await subscription(key, false));
  else if (state === 'off' && mine) await mine.unsubscribe(); // of who was signed in here before
}

ibolit.behaviour('push', (section) => {
  const offer = section.querySelector('[data-push-offer]'), lacking = section.querySelector('[data-push-lacking]');
  const end = section.querySelector('[data-push-end]'), key = section.getAttribute('data-key');
  const isDead = !!section.querySelector('.notice--bad');
  if (end && isAble) end.addEventListener('submit', () => { endHere().catch(() => {}); });
  if (!offer) return;
  if (isAble) {
    offer.hidden = false;
    lacking.hidden = true;
    offer.querySelector('[data-push-begin]').addEventListener('click', () => begin(key, isDead));
  } else if (navigator.standalone === false) {
    lacking.textContent = 'На этом устройстве уведомления приходят, когда iBolit добавлен на главный экран и открыт оттуда.';
  }
});

async function endHere() {
  const mine = await (await pushManager()).getSubscription();
  if (mine) await mine.unsubscribe();
}

// After the first message that was sent, once.
function onApplied(event) {
  showCount();
  const chat = document.querySelector('.chat[data-push-offer]'), item = event.detail.item;
  const isSent = item.classList.contains('message--mine') && item.hasAttribute('data-revision') && item.hasAttribute('data-client-id');
  if (!chat || !isSent || !isAble || Notification.permission === 'denied') return;
  ibolit.promptBar('push', 'Узнайте об ответе, когда iBolit закрыт: уведомление не назовёт ни имён, ни подробностей.', [
    { words: WORDS, isMain: true, press: () => begin('', false) },
    { words: 'Не нужно', press: () => {} }
  ]);
  if (!document.querySelector('.prompt-bar--push')) return; // another one stands there
  chat.removeAttribute('data-push-offer');
  post('/offer', {});
}

// What is read, here or elsewhere, needs no notice on the screen, and the app's icon counts what is left.
async function clear() {
  showCount();
  if (!isAble || document.hidden) return;
  const all = await (await navigator.serviceWorker.ready).getNotifications(), here = document.querySelector('.chat');
  const isHere = (notice) => here && notice.tag === here.id, of = all.filter((notice) => notice.tag.startsWith('chat-'));
  of.filter(isHere).forEach((notice) => notice.close());
  const elsewhere = of.filter((notice) => !isHere(notice)), unread = elsewhere.length && await askUnread();
  if (unread) elsewhere.filter((notice) => !unread.includes(notice.tag)).forEach((notice) => notice.close());
}

// The chats in which something is unread, as notices are tagged; null when nobody knows.
function askUnread() {
  return new Promise((resolve) => {
    ibolit.ask('GET', '/worker/unread', null, (status, text) => {
      resolve(status === 200 ? JSON.parse(text).chats.map((id) => `chat-${id}`) : null);
    });
  });
}

function showCount() {
  const badge = document.getElementById('badge');
  if (!badge || !('setAppBadge' in navigator)) return;
  const count = badge.hidden ? 0 : parseInt(badge.textContent, 10) || 0;
  (count ? navigator.setAppBadge(count) : navigator.clearAppBadge()).catch(() => {});
}

// What was shown to one must not lie there for the next; the clinic ends the subscription with the session.
async function leave() {
  if ('clearAppBadge' in navigator) navigator.clearAppBadge().catch(() => {});
  if (!isAble) return;
  sessionStorage.removeItem('ibolit:push-checked');
  const registration = await navigator.serviceWorker.ready;
  (await registration.getNotifications()).forEach((notice) => notice.close());
  await endHere();
}

document.addEventListener('visibilitychange', () => { clear().catch(() => {}); });
document.body.addEventListener('ibolit:applied', onApplied);
window.addEventListener('submit', (event) => {
  if (!event.defaultPrevented && event.target.classList.contains('sign-out')) leave().catch(() => {});
});
clear().catch(() => {});
check().catch(() => {}); // storage may be forbidden, the network away
