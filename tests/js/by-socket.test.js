// A message goes over the socket when it is well, else by the form; whatever becomes of an answer, it goes on by the other
// way with the same id, and whoever asked is told once.
'use strict';
const assert = require('node:assert');
const fs = require('node:fs');
const path = require('node:path');
const test = require('node:test');

const SCRIPTS = path.join(__dirname, '..', '..', 'ibolit', 'static', 'js');
const read = (name) => fs.readFileSync(path.join(SCRIPTS, name), 'utf8');
const CODE = ['by-socket.js', 'pending-messages.js'].map(read).join('\n');

class Place {
  constructor() { this.heard = []; }
  addEventListener(name, hear) { this.heard.push([name, hear]); }
  hears(name, event) { this.heard.filter(([one]) => one === name).forEach(([, hear]) => hear(event)); }
  getAttribute() { return '1'; }
}

class Page {
  constructor() {
    this.isWell = true;
    this.said = [];
    this.posted = [];
    this.timers = [];
    this.told = [];
    this.placed = [];
    this.triggered = [];
    this.stored = {};
    this.body = new Place();
    const ibolit = {
      say: (words) => { if (this.isWell) this.said.push(JSON.parse(words)); return this.isWell; },
      ask: (method, address, fields, done) => this.posted.push({ address, fields, done }),
      form: (fields) => Object.entries(fields).map((pair) => pair.map(encodeURIComponent).join('=')).join('&'),
      backoff: () => ({ later() {}, reset() {} }),
      behaviour() {},
      storedKeys: () => Object.keys(this.stored),
      getItem: (key) => this.stored[key] || '',
      setItem: (key, words) => { this.stored[key] = words; },
      remove() {}
    };
    const document = { body: this.body, querySelector: () => null };
    const later = (work, pause) => this.timers.push({ work, pause }) - 1;
    const cancel = (timer) => { if (this.timers[timer]) this.timers[timer].work = () => {}; };
    const htmx = { trigger: (_place, name) => this.triggered.push(name) };
    new Function('ibolit', 'document', 'window', 'htmx', 'setTimeout', 'clearTimeout', CODE)(
      ibolit, document, new Place(), htmx, later, cancel);
    this.pending = ibolit.pending;
  }

  send(more) {
    const message = Object.assign(this.pending.keep('7', 'Болит', 'abcdef123456'), more);
    this.pending.post(message, (status, html) => this.told.push([status, html]));
  }

  hears(message) {
    let isStopped = 0;
    const stop = () => { isStopped += 1; };
    this.body.hears('htmx:wsBeforeMessage', { detail: { message }, preventDefault: stop, stopPropagation: stop });
    if (!isStopped) this.placed.push(message);
  }

  ack(status, html = '', id = 'abcdef123456') { this.hears(`<i data-ack="${id}" data-status="${status}" hidden></i>${html}`); }
  waitsTooLong() { this.timers.splice(0).forEach(({ work }) => work()); }
}

const FORM = 'text=%D0%91%D0%BE%D0%BB%D0%B8%D1%82&client_id=abcdef123456';

test('an acknowledged message needs no form', () => {
  const page = new Page();
  page.send();
  const said = { kind: 'send', chat: 7, text: 'Болит', client_id: 'abcdef123456', quoted: null, warned: false };
  assert.deepStrictEqual(page.said, [said]);
  page.pending.drop({ chat: '7', id: 'abcdef123456' }); // its bubble has come
  page.ack(200);
  page.waitsTooLong();
  assert.deepStrictEqual([page.told, page.posted, page.placed], [[[200, '']], [], []]);
  assert.ok(!page.triggered.includes('chat:stale'));
});

test('a bubble that has not come is asked for', () => {
  const page = new Page();
  page.send();
  page.ack(200);
  assert.ok(page.triggered.includes('chat:stale'));
  assert.deepStrictEqual(page.told, [[200, '']]);
});

test('what is refused brings the words of the form, and what is repeated its bubble', () => {
  for (const [status, html] of [[422, '<div>Напишите</div>'], [409, '<div>Время</div>'], [200, '<article></article>'], [503, '']]) {
    const page = new Page();
    page.send();
    page.ack(status, html);
    page.waitsTooLong();
    assert.deepStrictEqual([page.told, page.posted, page.placed], [[[status, html]], [], []]);
  }
});

test('a quote goes along', () => {
  const page = new Page();
  page.send({ quoted: { seq: 5 } });
  assert.strictEqual(page.said[0].quoted, 5);
});

for (const [name, lose] of [
  ['no answer in time', (page) => page.waitsTooLong()],
  ['a socket that ends', (page) => page.body.hears('htmx:wsClose')],
  ['a socket that another takes the place of', (page) => page.body.hears('htmx:wsConnecting')]
]) {
  test(`after ${name} the form goes, once`, () => {
    const page = new Page();
    page.send();
    lose(page);
    lose(page);
    assert.deepStrictEqual(page.posted.map((one) => [one.address, one.fields]), [['/chats/7/messages', FORM]]);
    page.ack(200); // late
    assert.deepStrictEqual(page.told, []);
    page.posted[0].done(200, '<article></article>');
    assert.deepStrictEqual(page.told, [[200, '<article></article>']]);
  });
}

test('a socket that gave no answer is not asked again before something is heard in it', () => {
  const page = new Page();
  page.send();
  page.waitsTooLong();
  page.send();
  assert.strictEqual(page.said.length, 1);
  page.hears('<i data-beat hidden></i>');
  page.send();
  assert.strictEqual(page.said.length, 2);
  assert.deepStrictEqual(page.placed, ['<i data-beat hidden></i>']);
});

test('files, what is too long and a socket that is not well leave it to the form', () => {
  const page = new Page();
  page.send({ files: [{ key: 'k' }] });
  page.send({ text: 'ж'.repeat(20000) });
  page.isWell = false;
  page.send();
  assert.deepStrictEqual([page.said.length, page.posted.length], [0, 3]);
});

test('an acknowledgement that nobody waits for is shown to nobody', () => {
  const page = new Page();
  page.ack(422, '<div>Напишите</div>', 'another');
  assert.deepStrictEqual([page.told, page.placed], [[], []]);
});
