// One person, three tabs of a chat, and a browser that tells the other tabs late or never: no typed word is lost, and none
// leaves twice unasked.
'use strict';
const assert = require('node:assert');
const fs = require('node:fs');
const path = require('node:path');
const test = require('node:test');

const SCRIPTS = path.join(__dirname, '..', '..', 'ibolit', 'static', 'js');
const DRAFT = ['drafts.js', 'draft.js'].map((name) => fs.readFileSync(path.join(SCRIPTS, name), 'utf8')).join('\n');
const RUNS = ['', '0', undefined].includes(process.env.LONG_TESTS) ? 300 : 20000;

// mulberry32: the same ways every time.
function dice(seed) {
  let state = seed >>> 0;
  return (sides) => {
    state = (state + 0x6D2B79F5) >>> 0;
    let t = Math.imul(state ^ (state >>> 15), state | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return ((t ^ (t >>> 14)) >>> 0) % sides;
  };
}

class Place {
  constructor() { this.heard = []; }
  addEventListener(name, hear) { this.heard.push([name, hear]); }
  removeEventListener() {}
  hears(name, event) { this.heard.filter(([one]) => one === name).forEach(([, hear]) => hear(event)); }
}

class Tab {
  constructor(kept) {
    this.kept = kept;
    this.late = [];
    this.field = Object.assign(new Place(), { value: '' });
    this.window = new Place();
    const page = Object.assign(new Place(), { hidden: false, body: { getAttribute: () => '1' }, querySelector: () => this.shown });
    const ibolit = {
      getItem: (key) => kept.words[key] || '',
      setItem: (key, words) => {
        kept.words[key] = words;
        kept.tabs.filter((one) => one !== this).forEach((one) => one.late.push({ key: `ibolit:${key}` }));
      }
    };
    new Function('ibolit', 'window', 'document', DRAFT)(ibolit, this.window, page);
    this.drafts = ibolit.drafts;
    this.draft = ibolit.draft('7', this.field, () => {});
    this.draft.refill();
  }

  type(words) {
    this.field.hears('focus');
    this.field.value = words(this.field.value);
    this.draft.keep();
  }

  send() {
    const words = this.draft.isGoneElsewhere() ? '' : this.field.value;
    if (words) this.draft.sent();
    return words;
  }

  hear() { this.late.splice(0).forEach((event) => this.window.hears('storage', event)); }
}

function clinic() {
  const kept = { words: {}, tabs: [] };
  for (let number = 0; number < 3; number += 1) kept.tabs.push(new Tab(kept));
  return kept;
}

test('a field follows what another tab keeps, and an emptied one takes away only what it held', () => {
  const { tabs: [first, second, asleep], words } = clinic();
  first.type(() => 'длинный черновик');
  second.hear();
  assert.equal(second.field.value, 'длинный черновик');
  asleep.field.value = '';
  asleep.draft.keep(); // not told of it
  assert.equal(words['draft:1:7'], 'длинный черновик');
  first.send();
  assert.ok(!second.field.value || second.draft.isGoneElsewhere());
  second.hear();
  assert.equal(second.field.value, '');
});

test('no word is lost and none is sent twice, whatever the tabs are told', () => {
  for (let seed = 0; seed < RUNS; seed += 1) {
    const throws = dice(seed), kept = clinic(), typed = [];
    let sent = '';
    for (let step = 0; step < 30; step += 1) {
      const tab = kept.tabs[throws(3)], action = throws(4);
      if (action === 0) tab.hear();
      else if (action === 1) sent += ` ${tab.send()}`;
      else {
        typed.push(`слово${step}.`);
        tab.type((before) => `${before} слово${step}.`);
      }
    }
    const there = `${sent} ${kept.words['draft:1:7'] || ''}`.split(/\s+/).filter(Boolean);
    assert.deepEqual([...there].sort(), [...typed].sort(), `seed ${seed}`);
  }
});

test('what a form took away is no draft once its message is seen, and what came after it stays', () => {
  const { tabs: [tab, other], words } = clinic();
  tab.type(() => 'Болит горло');
  tab.drafts.postedByForm('7', 'abcdef', 'Болит горло');
  tab.drafts.seeIfPosted('7');
  assert.equal(words['draft:1:7'], 'Болит горло'); // nobody knows yet whether it has arrived
  other.hear();
  other.type((before) => `${before}\nи ухо`);
  tab.shown = {};
  tab.drafts.seeIfPosted('7');
  assert.equal(words['draft:1:7'], 'и ухо');
  tab.drafts.seeIfPosted('7');
  assert.equal(words['draft:1:7'], 'и ухо');
});

test('a note of an older page, which knows no words, takes the draft of before with it', () => {
  const { tabs: [tab], words } = clinic();
  tab.type(() => 'Болит горло');
  words['posted:1:7'] = 'abcdef';
  tab.shown = {};
  tab.drafts.seeIfPosted('7');
  assert.equal(words['draft:1:7'], '');
});

test('a message that was sent from another page leaves the draft', () => {
  const { tabs: [tab], words } = clinic();
  tab.type(() => 'Снимок во вложении ');
  tab.drafts.leave('7', 'Снимок во вложении');
  assert.equal(words['draft:1:7'], '');
});
