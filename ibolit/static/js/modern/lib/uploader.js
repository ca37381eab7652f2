// Carries the unsent files of one chat to the server in pieces (tus 1.0), two at a time, and goes on by itself after a
// lost network, a reload or a server's restart from where the server says it was.
import * as fileStore from './file-store.js';
import * as photo from './photo.js';
import * as voiceDrafts from './voice-drafts.js';

const PIECE = 512 * 1024, AT_ONCE = 2, SILENCE = 60000, PAUSES = [1, 2, 4, 8, 15, 30];
const LASTING = [408, 423, 429];            // worth repeating, as are all that the server cannot help (5xx)
const REFOUND = [404, 409, 410];            // asked where it was, the server says so, or takes the file anew
const CANCELLED = 'cancelled', SILENT = 'silent';
const KEPT = ['id', 'place', 'at', 'name', 'type', 'size', 'url', 'key', 'voice', 'seconds', 'words', 'raw'];
const all = new Map();
let library = null;

function fetchLibrary(address) {
  if (!library) library = new Promise((done, failed) => {
    const script = document.createElement('script');
    script.src = address;
    script.onload = () => done(window.tus);
    script.onerror = () => {
      library = null;
      htmx.trigger(document.body, 'ibolit:script-missing');
      failed(new Error('no network'));
    };
    document.head.appendChild(script);
  });
  return library;
}

function headers() {
  const own = JSON.parse(document.body.getAttribute('hx-headers') || '{}');
  return Object.assign(own, { 'HX-Request': 'true', 'HX-Current-URL': location.href });
}

function picked(item) {
  const record = {};
  KEPT.forEach((name) => { if (item[name]) record[name] = item[name]; });
  return record;
}

class Uploader {
  constructor(chat, options) {
    this.chat = chat;
    this.options = options;
    this.place = `${document.body.getAttribute('data-viewer')}:${chat}`;
    this.items = [];
    this.listeners = new Set();
    this.shrinking = Promise.resolve();
    this.isSynced = false;
    const goOn = () => this.goOn();
    window.addEventListener('online', goOn);
    document.body.addEventListener('htmx:wsOpen', goOn);
    document.body.addEventListener('ibolit:disk-answered', () => this.sync()); // it was silent, and has answered
    document.addEventListener('visibilitychange', () => { if (!document.hidden) this.sync(); });
    document.addEventListener('ibolit:before-leave', (event) => {
      if (this.items.some((one) => one.isOnlyHere && one.state !== 'done')) event.preventDefault(); // no other page finds it
    });
  }

  // told(item) hears of one whose bytes move, told() of everything else.
  listen(told) {
    this.listeners.add(told);
    return () => this.listeners.delete(told);
  }

  warm() { fetchLibrary(this.options.library).catch(() => {}); }

  // False of what is too large, even made smaller.
  async add(file, more = {}) {
    const facts = { id: fileStore.newId(), place: this.place, at: Date.now(), name: file.name, type: file.type, size: file.size, sent: 0 };
    const item = Object.assign(facts, more, { raw: !more.voice && photo.mayShrink(file) });
    item.state = 'preparing';
    this.items.push(item);
    this.changed();
    if (item.raw) fileStore.put(picked(item), file); // the page may be left before it is made smaller
    return this.prepare(item, file);
  }

  async prepare(item, file) {
    const bytes = item.raw ? await this.shrink(file) : file;
    if (!this.items.includes(item)) return true;
    if (bytes.size > this.options.most) {
      this.forget(item);
      return false;
    }
    Object.assign(item, { bytes, name: bytes.name || item.name, type: bytes.type, size: bytes.size, state: 'queued', raw: false });
    this.changed();
    fileStore.put(picked(item), bytes).then((isKept) => Object.assign(item, { isStored: true, isOnlyHere: !isKept }));
    this.pump();
    return true;
  }

  // One after another: an opened photo takes fifty megabytes of memory.
  shrink(file) {
    this.shrinking = this.shrinking.then(() => photo.shrink(file));
    return this.shrinking;
  }

  // What was left by an earlier page, came back with a refused message, or was sent by another tab meanwhile.
  async sync() {
    fileStore.warm();
    const sent = new Set(), noteSent = () => ibolit.pending.waiting(this.chat).forEach((one) => (
      (one.files || []).forEach((file) => sent.add(file.key))
    ));
    await new Promise((done) => ibolit.pending.ready(done));
    noteSent(); // a message may leave while the disk is read
    const { records, isWhole } = await fileStore.of(this.place), noted = ibolit.drafts.files(this.chat);
    noteSent();
    records.filter((one) => sent.has(one.key)).forEach((one) => fileStore.remove(one.id)); // a page left too early
    noted.filter((note) => note.key && !records.some((one) => one.key === note.key)).forEach((note) => {
      records.push(Object.assign({}, note, { id: note.id || note.key, place: this.place, at: note.at || Date.now() }));
    });
    records.filter((one) => one.recording).forEach((one) => this.recover(one));
    const here = records.filter((one) => !sent.has(one.key) && !one.recording);
    if (isWhole) this.items = this.items.filter((one) => !one.isStored || here.some((other) => other.id === one.id));
    for (const record of here) if (!this.items.some((one) => one.id === record.id)) this.items.push(this.found(record));
    this.isSynced = true;
    this.changed();
    this.pump();
  }

  async recover(record) { if (await voiceDrafts.recover(record)) this.sync(); }

  found(record) {
    const item = Object.assign({ sent: 0, isStored: true }, record);
    item.state = item.key ? 'done' : item.words ? 'failed' : item.raw ? 'preparing' : 'queued';
    fileStore.bytes(item.id).then((bytes) => {
      if (bytes === undefined) { if (item.raw) this.later(item); return; }
      item.bytes = bytes;
      if (!bytes && !item.key) this.forget(item);
      else if (item.raw) this.prepare(item, new File([bytes], item.name, { type: item.type }));
      else this.changed();
    });
    return item;
  }

  pump() {
    const going = this.items.filter((one) => one.state === 'going').length;
    this.items.filter((one) => one.state === 'queued').slice(0, Math.max(AT_ONCE - going, 0)).forEach((one) => this.process(one));
  }

  async process(item) {
    item.state = 'going';
    item.words = '';
    this.changed();
    await fileStore.exclusively(item.id, () => this.attempt(item));
    this.pump();
  }

  async attempt(item) {
    const kept = await fileStore.get(item.id);
    if (kept) Object.assign(item, { url: kept.url || item.url, key: kept.key });
    else if (kept === null && item.isStored) this.items = this.items.filter((one) => one !== item);
    if (!this.items.includes(item)) { this.changed(); return; }
    try {
      if (!item.bytes) item.bytes = await fileStore.bytes(item.id);
      if (item.bytes === undefined) throw new Error('the disk is silent');
      const tus = await fetchLibrary(this.options.library);
      if (!this.items.includes(item)) throw CANCELLED;
      if (!item.key) await this.upload(tus, item);
      item.key = item.key || item.url.split('/').pop();
      item.state = 'done';
      await fileStore.put(picked(item));
    } catch (trouble) {
      this.onFailure(item, trouble);
    }
    this.changed();
  }

  upload(tus, item) {
    let timer = 0, hasSent = false;
    const done = new Promise((succeed, fail) => {
      const upload = new tus.Upload(item.bytes, {
        endpoint: this.options.endpoint,
        uploadUrl: item.url || null,
        chunkSize: PIECE,
        uploadDataDuringCreation: true,
        retryDelays: null,                  // ours: see onFailure()
        storeFingerprintForResuming: false, // ours: the file store
        fingerprint: () => Promise.resolve(null),
        metadata: Object.assign({ name: item.name }, item.voice ? { voice: '1' } : {}),
        headers: headers(),
        onUploadUrlAvailable: () => {
          item.url = new URL(upload.url, location.href).pathname;
          fileStore.put(picked(item));
        },
        onAfterResponse: (request, answer) => {
          const elsewhere = answer.getHeader('HX-Redirect');
          if (elsewhere) ibolit.go(elsewhere);
          hasSent = hasSent || request.getMethod() !== 'HEAD';
        },
        onProgress: (sent) => {
          wait();
          item.sent = sent;
          this.changed(item);
        },
        onChunkComplete: () => { item.tries = 0; },
        onSuccess: succeed,
        onError: fail
      });
      item.stop = (why) => { upload.abort(); fail(why); };
      function wait() {
        clearTimeout(timer);
        timer = setTimeout(item.stop, SILENCE, SILENT); // the network is there and carries nothing
      }
      wait();
      upload.start();
    });
    const end = () => { clearTimeout(timer); item.stop = null; };
    done.then(end, end);
    return done.then(() => (hasSent ? null : this.finish(item)));
  }

  // Its last answer was lost: has the server looked at the file, or was it stopped before it could?
  async finish(item) {
    const more = { 'Tus-Resumable': '1.0.0', 'Upload-Offset': String(item.size), 'Content-Type': 'application/offset+octet-stream' };
    const answer = await fetch(item.url, { method: 'PATCH', credentials: 'same-origin', headers: Object.assign(headers(), more) });
    if (!answer.headers.has('X-iBolit')) throw new Error('not our answer');
    if (answer.ok || answer.status === 409) return;
    const words = await answer.text(), trouble = new Error('not taken');
    trouble.originalRequest = { getMethod: () => 'PATCH' };
    trouble.originalResponse = {
      getStatus: () => answer.status, getBody: () => words, getHeader: (name) => answer.headers.get(name)
    };
    throw trouble;
  }

  onFailure(item, trouble) {
    if (trouble === CANCELLED) return;
    const told = trouble.originalResponse, answer = told && told.getHeader('X-iBolit') ? told : null; // else not ours
    const status = answer ? answer.getStatus() : 0;
    const isNew = Boolean(answer) && trouble.originalRequest.getMethod() === 'POST';
    const isLasting = status < 400 || status >= 500 || LASTING.includes(status) || (!isNew && REFOUND.includes(status));
    item.isRefused = status >= 500; // by us: the network is well
    if (isLasting) { this.later(item); return; }
    const type = answer.getHeader('Content-Type') || '';
    item.words = type.startsWith('text/plain') ? answer.getBody() : 'Файл не загрузился. Обновите страницу и повторите.';
    item.state = 'failed';
    item.url = '';
    item.sent = 0;
    fileStore.put(picked(item));
    if (isNew && status === 409) htmx.trigger(document.body, 'chat:stale'); // the time is over, and the strip has not turned
  }

  later(item) {
    item.tries = (item.tries || 0) + 1;
    item.state = 'waiting';
    item.timer = setTimeout(() => this.retry(item), PAUSES[Math.min(item.tries, PAUSES.length) - 1] * 1000);
  }

  retry(item) {
    clearTimeout(item.timer);
    if (item.state !== 'waiting' && item.state !== 'failed') return;
    item.state = 'queued';
    this.pump();
    this.changed();
  }

  goOn() { this.items.filter((one) => one.state === 'waiting').forEach((one) => this.retry(one)); }

  cancel(item) {
    if (item.stop) item.stop(CANCELLED);
    if (item.url) {
      const told = Object.assign(headers(), { 'Tus-Resumable': '1.0.0' });
      fetch(item.url, { method: 'DELETE', credentials: 'same-origin', headers: told }).catch(() => {}); // else it is swept away
    }
    this.forget(item);
    this.pump();
  }

  // A message has them now.
  release(items) { items.forEach((one) => this.forget(one)); }

  forget(item) {
    clearTimeout(item.timer);
    this.items = this.items.filter((one) => one !== item);
    fileStore.remove(item.id);
    this.changed();
  }

  // What a message tells of them.
  described(items) { return items.map((one) => ({ key: one.key, name: one.name, size: one.size, voice: one.voice, seconds: one.seconds })); }

  changed(item) {
    if (!item && this.isSynced) ibolit.drafts.keepFiles(this.chat, this.items.filter((one) => one.state !== 'preparing').map((one) => (
      { id: one.id, key: one.key, at: one.at, name: one.name, size: one.size, voice: one.voice, seconds: one.seconds }
    )));
    this.listeners.forEach((told) => told(item));
  }
}

// The foot of a page may be drawn anew; its files go on.
export function uploader(chat, options) {
  if (!all.has(chat)) all.set(chat, new Uploader(chat, options));
  return all.get(chat);
}
