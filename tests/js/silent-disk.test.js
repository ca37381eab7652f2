// Browsers whose disk, worker or locks never answer, or answer late: writing, recording and sending wait at most two
// seconds, and what is not known is not taken for lost. And which requests the worker leaves to the browser.
'use strict';
const assert = require('node:assert');
const test = require('node:test');
const joined = require('./joined.js');

const MOST = 2000; // ms
const NEVER = () => new Promise(() => {});

// A clock that has only what waits for it: a turn later everything that will ever answer has answered.
class Clock {
  constructor() { this.now = 0; this.due = []; }
  setTimeout(work, after, ...more) { this.due.push({ at: this.now + (after || 0), run: () => work(...more) }); return this.due.at(-1); }
  clearTimeout(one) { this.due = this.due.filter((other) => other !== one); }

  // What is asked for, with the clock going on only as far as it must.
  async until(promise) {
    let answer, isOver = false;
    promise.then((value) => { answer = value; isOver = true; });
    for (;;) {
      for (let turn = 0; turn < 9 && !isOver; turn += 1) await new Promise(setImmediate);
      if (isOver) return answer;
      const next = this.due.sort((one, other) => one.at - other.at).shift();
      assert.ok(next, 'nobody will ever answer');
      this.now = Math.max(this.now, next.at);
      next.run();
    }
  }
}

// As much of IndexedDB as the file store and the pending store use. `mood`: well, shut (never opens), silent (opens, and that is all).
class Disk {
  constructor(mood) { Object.assign(this, { mood, stores: {}, waiting: [] }); }

  answers(work) { if (this.mood === 'shut') this.waiting.push(work); else setImmediate(work); }
  recover() { this.mood = 'well'; this.waiting.splice(0).forEach((work) => work()); }

  open() {
    const asked = {}, stores = this.stores, disk = this;
    asked.result = {
      createObjectStore: (name) => { stores[name] = stores[name] || new Map(); },
      transaction: () => disk.deal(),
      close() {}
    };
    this.answers(() => {
      asked.onupgradeneeded();
      asked.onsuccess();
    });
    return asked;
  }

  deal() {
    const deal = { objectStore: (name) => this.store(name) };
    if (this.mood === 'well') setImmediate(() => deal.oncomplete());
    return deal;
  }

  store(name) {
    const all = this.stores[name], done = (result) => ({ result });
    return {
      get: (key) => done(all.get(key)),
      getAll: (range) => done(range ? [] : [...all.values()]),
      count: (key) => done(key === undefined ? all.size : Number(all.has(key))),
      put: (value, key) => done(void all.set(key || value.id, value)),
      delete: (key) => done(void all.delete(key))
    };
  }
}

class Place {
  constructor() { this.heard = []; }
  addEventListener(name, hear) { this.heard.push([name, hear]); }
  getAttribute(name) { return { 'data-viewer': '1', 'hx-headers': '{}' }[name]; }
}

function page(mood, more = {}) {
  const clock = new Clock(), disk = new Disk(mood), body = new Place();
  const pending = { waiting: () => [], ready: (done) => done() }, drafts = { files: () => [], keepFiles() {} };
  return Object.assign({
    clock, disk, indexedDB: disk,
    window: new Place(),
    document: Object.assign(new Place(), { body }),
    navigator: {},
    BroadcastChannel: undefined, // Node's own would keep the test from ending
    htmx: { trigger: (_where, name) => body.heard.filter(([one]) => one === name).forEach(([, hear]) => hear()) },
    ibolit: { pending, drafts },
    IDBKeyRange: { bound: (first, last) => [first, last] },
    location: { href: 'https://clinic.example/chats/7' },
    setTimeout: (...all) => clock.setTimeout(...all),
    clearTimeout: (one) => clock.clearTimeout(one)
  }, more);
}

// What the module exports as `whole`, in a world of its own: the script as it is served.
function load(room, module, whole) {
  const text = joined(`import * as ${whole} from './${module}.js';\n`);
  return new Function(...Object.keys(room), `${text}; return ${whole};`)(...Object.values(room));
}

function record(id) { return { id, place: '1:7', at: Date.now(), name: 'снимок.jpg' }; }

for (const mood of ['shut', 'silent']) {
  test(`a disk that is ${mood} is waited for once`, async () => {
    const room = page(mood), fileStore = load(room, 'lib/file-store', 'fileStore'), { clock } = room;
    assert.equal(await clock.until(fileStore.put(record('a'), 'bytes')), false); // only this page has it
    assert.equal((await clock.until(fileStore.get('a'))).name, 'снимок.jpg');
    assert.equal(await clock.until(fileStore.get('b')), undefined); // which is not the same as «not there»
    assert.equal(await clock.until(fileStore.bytes('a')), undefined);
    const { records, isWhole } = await clock.until(fileStore.of('1:7'));
    assert.deepEqual([records.map((one) => one.id), isWhole], [['a'], false]);
    assert.equal(clock.now, MOST);
  });
}

test('a disk that comes late is told of and asked again', async () => {
  const room = page('shut'), fileStore = load(room, 'lib/file-store', 'fileStore'), { clock, disk } = room;
  let told = 0;
  room.document.body.addEventListener('ibolit:disk-answered', () => { told += 1; });
  assert.equal(await clock.until(fileStore.get('a')), undefined);
  disk.recover();
  for (let turn = 0; turn < 9; turn += 1) await new Promise(setImmediate);
  assert.equal(told, 1);
  assert.equal(await clock.until(fileStore.put(record('a'), 'bytes')), true);
  assert.equal(await clock.until(fileStore.bytes('a')), 'bytes');
});

test('a lock that never answers is done without', async () => {
  const room = page('well', { navigator: { locks: { query: NEVER, request: NEVER } } });
  const fileStore = load(room, 'lib/file-store', 'fileStore');
  assert.equal(await room.clock.until(fileStore.exclusively('a', () => 'done')), 'done');
  assert.equal(room.clock.now, MOST);
});

// A file is picked, and goes; `tus` is what fetchLibrary() has fetched.
function carrying(mood, more = {}) {
  const uploads = [];
  class Upload {
    constructor(bytes, how) { Object.assign(this, { bytes, how, url: '/uploads/key' }); }
    abort() {}
    start() {
      uploads.push(this.bytes);
      this.how.onAfterResponse({ getMethod: () => 'POST' }, { getHeader: () => null });
      this.how.onUploadUrlAvailable();
      this.how.onSuccess();
    }
  }
  const room = page(mood, more);
  room.URL = URL;
  room.window.tus = { Upload };
  room.document.createElement = () => ({});
  room.document.head = { appendChild: (script) => script.onload() };
  const { uploader } = load(room, 'lib/uploader', 'uploading');
  return { room, uploads, files: uploader('7', { endpoint: '/uploads', library: '/tus.js', most: 1e6 }) };
}

for (const mood of ['well', 'shut', 'silent']) {
  test(`a file is uploaded with a disk that is ${mood}`, async () => {
    const { room, uploads, files } = carrying(mood), { clock } = room;
    const done = new Promise((tell) => { files.listen(() => { if (files.items.some((one) => one.state === 'done')) tell(); }); });
    await clock.until(files.sync());
    const began = clock.now;
    assert.ok(began <= MOST, `${began} ms until the tray is known`);
    assert.equal(await clock.until(files.add({ name: 'a.txt', type: 'text/plain', size: 5 })), true);
    await clock.until(done);
    assert.equal(uploads.length, 1);
    assert.ok(clock.now <= MOST, `${clock.now} ms`);
  });
}

test('a disk that falls silent takes no file out of the tray', async () => {
  const { room, files } = carrying('well'), { clock, disk } = room;
  await clock.until(files.sync());
  files.pump = () => {};
  await clock.until(files.add({ name: 'a.txt', type: 'text/plain', size: 5 }));
  for (let turn = 0; turn < 9; turn += 1) await new Promise(setImmediate);
  disk.mood = 'silent';
  await clock.until(files.sync());
  assert.deepEqual(files.items.map((one) => one.name), ['a.txt']);
});

test('a recording is kept while the disk is silent', async () => {
  const room = page('well'), { clock, disk } = room;
  const voiceDrafts = load(room, 'lib/voice-drafts', 'voiceDrafts'), fileStore = load(room, 'lib/file-store', 'fileStore');
  await clock.until(fileStore.put(Object.assign(record('voice'), { recording: true, heard: 0, seconds: 9 })));
  const get = fileStore.get('voice');
  await clock.until(get);
  const reading = disk.store;
  disk.store = function (name) { if (name === 'bytes') this.mood = 'silent'; return reading.call(this, name); };
  assert.equal(await clock.until(voiceDrafts.recover(await get)), false);
  assert.ok(disk.stores.files.has('voice'));
});

test('pending messages are known after two seconds without their disk', async () => {
  const room = page('shut', { BroadcastChannel: class { } }), kept = [{ id: 'x', chat: '7', viewer: '1', at: 1 }];
  let mine = null;
  Object.assign(room.window, { SyncManager: 1, BroadcastChannel: 1, indexedDB: 1 });
  room.navigator = { locks: {}, serviceWorker: { ready: NEVER() } };
  const ground = { all: () => kept, put() {}, remove() {}, hasOthers: () => false };
  room.ibolit.pending.useStore = (better) => { mine = better; return ground; };
  load(room, 'pending-on-disk', 'nothing');
  await room.clock.until(new Promise((done) => { mine.ready(done); }));
  assert.deepEqual([mine.all().map((one) => one.id), room.clock.now], [['x'], MOST]);
});

test('the worker shows pages and parts while its caches are silent', async () => {
  const room = page('well'), heard = {}, mute = { keys: NEVER, open: NEVER, match: NEVER, has: NEVER };
  const answer = { ok: true, status: 200, headers: new Map([['X-iBolit', '1']]), clone: () => answer, arrayBuffer: async () => new ArrayBuffer(0) };
  const digest = Uint8Array.from([0x0a, 0x1b, 0x2c, 0x3d, 0x4e, 0x5f]).buffer;
  Object.assign(room, {
    VERSION: '1', ASSETS: [], caches: mute, fetch: async () => answer, URL,
    crypto: { subtle: { digest: async () => digest } },
    self: { addEventListener: (name, hear) => { (heard[name] = heard[name] || []).push(hear); }, location: { origin: 'https://clinic.example' } }
  });
  load(room, '../../sw', 'nothing');

  async function shown(address, mode) {
    let said = null;
    const event = { request: { url: `https://clinic.example${address}`, method: 'GET', mode }, respondWith: (one) => { said = one; }, waitUntil() {} };
    heard.fetch.forEach((hear) => hear(event));
    const began = room.clock.now;
    assert.equal(await room.clock.until(said), answer);
    return room.clock.now - began;
  }

  assert.ok(await shown('/assets/chat.0a1b2c3d4e5f.js', 'no-cors') <= MOST);
  assert.ok(await shown('/assets/icons/sprite.0a1b2c3d4e5f.svg', 'no-cors') <= MOST);
  assert.ok(await shown('/chats/7', 'navigate') <= MOST);
  assert.ok(await shown('/files/3/thumbnail', 'no-cors') <= MOST);
});

test('the worker leaves alone what the browser asks for by itself', async () => {
  const room = page('well'), heard = [];
  Object.assign(room, {
    VERSION: '1', ASSETS: [], caches: {}, URL,
    self: { addEventListener: (name, hear) => { if (name === 'fetch') heard.push(hear); }, location: { origin: 'https://clinic.example' } }
  });
  load(room, '../../sw', 'nothing');
  for (const path of ['icons/apple-touch-180.0a1b2c3d4e5f.png', 'icons/favicon-32.0a1b2c3d4e5f.png', 'splash/1170x2532-dark.0a1b2c3d4e5f.png']) {
    const request = { url: `https://clinic.example/assets/${path}`, method: 'GET', mode: 'no-cors' };
    heard.forEach((hear) => hear({ request, respondWith: () => assert.fail(path), waitUntil() {} }));
  }
});
