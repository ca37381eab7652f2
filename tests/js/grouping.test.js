// Messages of one author that are near stand together: how near, the list says, as the server draws them by the same number.
'use strict';
const assert = require('node:assert');
const fs = require('node:fs');
const path = require('node:path');
const test = require('node:test');

const SCRIPT = fs.readFileSync(path.join(__dirname, '..', '..', 'ibolit', 'static', 'js', 'apply-fragment.js'), 'utf8');
const TOGETHER = 5 * 60 * 1000;
const ibolit = { each: (list, act) => [...list].forEach(act) };
new Function('ibolit', 'document', 'htmx', SCRIPT)(ibolit, { addEventListener() {} }, {});

// As much of an element as the rule looks at.
function element(kind, facts) {
  const classes = new Set([kind]);
  return {
    classes,
    classList: { contains: (name) => classes.has(name), toggle: (name, is) => { if (is) classes.add(name); else classes.delete(name); } },
    getAttribute: (name) => (facts[name] === undefined ? null : String(facts[name]))
  };
}

function message(at, author = 1, day = '2026-11-29') {
  return element('message', { 'data-at': at, 'data-author': author, 'data-day': day });
}

function list(...items) {
  const parent = element('messages', { 'data-together': TOGETHER });
  items.forEach((item, i) => { item.parentNode = parent; item.previousElementSibling = items[i - 1] || null; });
  items.forEach((item) => ibolit.regroup(item));
  return items.map((item) => ['new-day', 'continues'].filter((one) => item.classes.has(`message--${one}`)).join());
}

test('what is nearer than the list says stands together', () => {
  assert.deepEqual(list(message(0), message(TOGETHER - 1), message(2 * TOGETHER - 1)), ['new-day', 'continues', '']);
});

test('another author or another day begins anew', () => {
  assert.deepEqual(list(message(0), message(1, 2), message(2, 2, '2026-11-30')), ['new-day', '', 'new-day']);
});

test('what stands between two messages does not part them', () => {
  assert.deepEqual(list(message(0), element('older', {}), message(1)), ['new-day', '', 'continues']);
});
