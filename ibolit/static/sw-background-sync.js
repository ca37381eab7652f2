/* Sends what waits when the network is back and no page is there to do it: by the same form, to the same address, with the
   same client id. The messages are in the pending store (js/modern/lib/pending-store.js); what the server refuses stays in it for a
   page, which says why and gives the text back. */
import * as pendingStore from './js/modern/lib/pending-store.js';
import * as timeouts from './js/modern/lib/timeouts.js';
import * as pageCache from './sw-page-cache.js';
import { ours } from './sw-shell.js';

const PATIENCE = 20000;

/* What it throws makes the browser try again later. */
async function send() {
  const messages = await pendingStore.all();
  if (!messages.length) return;
  const answer = await ask('/worker/pass');
  if (answer.status === 401) { await pageCache.wipe(); return; } // until somebody signs in
  if (!answer.ok) throw new Error('no pass');
  const pass = await answer.json(), stuck = new Set();
  for (const message of messages.filter((one) => one.viewer === String(pass.viewer))) {
    if (!stuck.has(message.chat) && !await deliver(message, pass)) stuck.add(message.chat);
  }
}

/* The pass is of this session only: if somebody else signs in meanwhile, the server does not believe it. */
function deliver(message, pass) {
  return pendingStore.exclusively(message.chat, async () => {
    const isThere = await timeouts.within(pendingStore.has(message.id), null); // pages wait for us to let go of their chat
    if (isThere === null) throw new Error('the disk is silent');
    if (!isThere) return true; // a page has sent it
    const answer = await ask(`/chats/${message.chat}/messages`, {
      method: 'POST',
      headers: { 'HX-Request': 'true', 'X-CSRFToken': pass.token, 'Content-Type': 'application/x-www-form-urlencoded' },
      body: pendingStore.form(message)
    });
    if (answer.status >= 500) throw new Error('not now');
    const html = await answer.text();
    if (answer.status !== 200 || answer.headers.has('HX-Redirect') || !html.includes('data-client-id')) return false;
    await timeouts.within(pendingStore.remove(message.id));
    pendingStore.tell({ gone: message.id, chat: message.chat, html });
    return true;
  });
}

/* Over https the server believes a form only with its Referer. */
function ask(path, more) {
  const stop = new AbortController(), timer = setTimeout(() => stop.abort(), PATIENCE);
  const asked = fetch(path, Object.assign({ credentials: 'same-origin', referrerPolicy: 'same-origin', signal: stop.signal }, more));
  asked.catch(() => {}).then(() => clearTimeout(timer));
  return asked.then(ours);
}

self.addEventListener('sync', (event) => { if (event.tag === pendingStore.NAME) event.waitUntil(send()); });
