// Messages that wait, where both the pages and the service worker reach them: IndexedDB, one for the device. Each says
// whose it is; who takes one to the server holds its chat's lock, so that they arrive in order.
import * as timeouts from './timeouts.js';

export const NAME = 'ibolit-outbox', STORE = 'letters';
const told = typeof BroadcastChannel === 'function' ? new BroadcastChannel(NAME) : null;
let opened = null;

function open() {
  if (!opened) opened = new Promise(connect).catch((error) => { opened = null; throw error; });
  return opened;
}

function connect(done, failed) {
  const asked = indexedDB.open(NAME, 1);
  asked.onupgradeneeded = () => asked.result.createObjectStore(STORE, { keyPath: 'id' });
  asked.onerror = asked.onblocked = () => failed(asked.error);
  asked.onsuccess = () => {
    const base = asked.result;
    base.onclose = () => { opened = null; };
    base.onversionchange = () => { base.close(); opened = null; }; // signing out wipes it
    done(base);
  };
}

async function ask(mode, question) {
  const base = await open();
  return new Promise((done, failed) => {
    const deal = base.transaction(STORE, mode), asked = question(deal.objectStore(STORE));
    deal.oncomplete = () => done(asked.result);
    deal.onerror = deal.onabort = () => failed(deal.error);
  });
}

export async function all() {
  return (await ask('readonly', (messages) => messages.getAll())).sort((one, other) => one.at - other.at);
}

export async function has(id) { return await ask('readonly', (messages) => messages.count(id)) > 0; }
export function put(message) { return ask('readwrite', (messages) => messages.put(message)); }
export function remove(id) { return ask('readwrite', (messages) => messages.delete(id)); }

export function exclusively(chat, work) { return timeouts.alone(`${NAME}-${chat}`, work); }

// The fields of the chat's own form.
export function form(message) {
  const quoted = message.quoted ? [['quoted', message.quoted.seq]] : [];
  const warned = message.warned ? [['warned', '1']] : [];
  const fields = [['text', message.text], ['client_id', message.id]].concat(quoted, warned, (message.files || []).map((file) => ['uploads', file.key]));
  return fields.map((pair) => pair.map(encodeURIComponent).join('=')).join('&');
}

export function tell(news) { told.postMessage(news); }
export function listen(hear) { told.onmessage = (event) => hear(event.data); }
