#!/usr/bin/env node
/* Can the phones we promise read our scripts?

       tests/js/check_syntax.js [STATIC_FOLDER]        default: ibolit/static; needs `npm ci` in this folder once

   - js/ and vendor/ (the ground floor, every phone): ES5 syntax.
   - js/ besides: nothing that WebKit 602 or Chromium 45 lacks (missing.json, and the rules below). A file that asks
     whether the thing is there before using it says so in a comment: asks first: requestSubmit, Notification
   - js/modern/ and sw*.js (modules, the upper floor): ES2017 syntax.
   - ours: no string over several lines, as indentation is left out of what is served (ibolit/assets.py); no id taken
     apart: what it is made of stands in a data attribute.
   Prints file:line:column and the reason; ends with 1 if there was any. */
'use strict';

const fs = require('fs');
const path = require('path');
const acorn = require('acorn');
const missing = require('./missing.json');

const HERE = path.resolve(__dirname, '../..');
const STATIC = path.resolve(process.argv[2] || path.join(HERE, 'ibolit/static'));

const LACKING = { both: 'the oldest engines', webkit602: 'WebKit 602 (iOS 10)', chromium45: 'Chromium 45 (Android 5)' };
const GLOBALS = named(missing.globals);
const STATICS = named(missing.statics);
const METHODS = named(missing.methods);
const PROPERTIES = named(missing.properties);

/* What `in` could not tell: names that some other object has, and things that are there but do not do it. */
GLOBALS.set('Promise', 'rejections go unseen in WebKit 602; use callbacks and DOM events');
METHODS.set('includes', 'arrays lack it in Chromium 45, and a reader cannot tell arrays from strings; use indexOf');
PROPERTIES.delete('isComposing');     // its absence reads as false, and where it is absent keyCode is 229 meanwhile

const NOT_ARRAYS = ['children', 'classList', 'options', 'elements', 'files', 'attributes', 'rows', 'cells', 'dataset'];
const FORM_DATA_ONLY_APPENDS = ['get', 'getAll', 'has', 'set', 'delete', 'entries', 'keys', 'values', 'forEach'];
const EVENT_NAMES = ['e', 'ev', 'evt', 'event'];

function named(group) {
  const names = new Map();
  for (const engine of Object.keys(group)) {
    for (const name of group[engine].join(' ').split(' ')) names.set(name, 'missing in ' + LACKING[engine]);
  }
  return names;
}

const TAKES_APART = ['split', 'replace', 'slice', 'substring', 'substr', 'match'];

let checked = 0;
let wrong = 0;

function main() {
  for (const file of scripts('js')) {
    const isModern = file.startsWith(path.join(STATIC, 'js/modern') + path.sep);
    const read = isModern ? check(file, 2017, 'module') : check(file, 5, 'script');
    checkIds(file, read);
    if (!isModern) checkApis(file, read);
  }
  for (const file of scripts('vendor')) check(file, 5, 'script');
  for (const file of scripts('.').filter((one) => /^sw\b.*\.js$/.test(path.relative(STATIC, one)))) check(file, 2017, 'module');
  console.log(checked + ' scripts read, ' + wrong + ' complaints');
  process.exit(wrong ? 1 : 0);
}

function scripts(folder) {
  const top = path.join(STATIC, folder);
  if (!fs.existsSync(top)) return [];
  return fs.readdirSync(top, { withFileTypes: true }).sort((a, b) => (a.name < b.name ? -1 : 1)).flatMap((entry) => {
    const inside = path.join(folder, entry.name);
    return entry.isDirectory() ? scripts(inside) : /\.js$/.test(entry.name) ? [path.join(STATIC, inside)] : [];
  });
}

/* The tree and the comments, or null after a complaint. */
function check(file, ecmaVersion, sourceType) {
  const comments = [];
  checked += 1;
  try {
    const code = fs.readFileSync(file, 'utf8');
    const isOurs = !file.startsWith(path.join(STATIC, 'vendor') + path.sep);
    const onToken = (token) => {
      if (isOurs && token.loc.start.line !== token.loc.end.line) complain(file, token.loc.start, 'a string over several lines');
    };
    const tree = acorn.parse(code, { ecmaVersion, sourceType, locations: true, onComment: comments, onToken });
    return { tree, comments: comments.map((comment) => comment.value).join('\n') };
  } catch (error) {
    if (!error.loc) throw error;
    complain(file, error.loc, error.message.replace(/ \(\d+:\d+\)$/, '') + ' (read as ES' + ecmaVersion + ')');
    return null;
  }
}

function complain(file, loc, why) {
  wrong += 1;
  const shown = path.relative(process.cwd(), file);
  console.log((shown.startsWith('..') ? file : shown) + ':' + loc.line + ':' + (loc.column + 1) + ': ' + why);
}

/* one.id.split('-'), one.getAttribute('data-list').split('-'): as ids are made otherwise one day, or stand in another's. */
function checkIds(file, read) {
  if (!read) return;
  walk(read.tree, (node) => {
    if (node.type !== 'CallExpression' || !TAKES_APART.includes((node.callee.property || {}).name)) return;
    const of = node.callee.object, argument = of.type === 'CallExpression' && (of.arguments[0] || {}).value;
    const isId = of.type === 'MemberExpression' && of.property.name === 'id';
    if (isId || argument === 'id' || argument === 'data-list') complain(file, node.loc.start, 'an id is taken apart; use a data attribute');
  });
}

function checkApis(file, read) {
  if (!read) return;
  const asked = new Set((read.comments.match(/asks first:[^\n*]*/g) || []).join(' ').split(/[^\w.$]+/));
  const kinds = variables(read.tree);

  function tell(node, name, why) {
    if (!asked.has(name.split('.').pop())) complain(file, node.loc.start, name + ': ' + why);
  }

  walk(read.tree, (node, parent, key) => {
    if (node.type === 'Identifier' && isReference(parent, key) && !kinds.has(node.name) && GLOBALS.has(node.name)) {
      tell(node, node.name, GLOBALS.get(node.name));
    }
    if (node.type === 'CallExpression' && node.callee.type === 'Identifier' && !kinds.has(node.callee.name)) {
      checkCall(node, node.callee, null, node.callee.name, kinds, tell);
    }
    if (node.type === 'NewExpression' && node.callee.name === 'KeyboardEvent') {
      tell(node, 'new KeyboardEvent', 'its keys stay empty in the oldest engines; dispatch a plain Event');
    }
    if (node.type !== 'MemberExpression' || node.computed) return;

    const name = node.property.name;
    const owner = node.object;
    const call = parent.type === 'CallExpression' && key === 'callee' ? parent : null;
    const whole = owner.type === 'Identifier' ? owner.name + '.' + name : name;
    if (owner.type === 'MemberExpression' && owner.property.name === 'dataset') return;

    if (isWindow(owner) && GLOBALS.has(name)) tell(node.property, name, GLOBALS.get(name));
    else if (STATICS.has(whole)) tell(node.property, whole, STATICS.get(whole));
    else if (PROPERTIES.has(name)) tell(node.property, name, PROPERTIES.get(name));
    else if (call && METHODS.has(name)) tell(node.property, name, METHODS.get(name));

    if (EVENT_NAMES.includes(owner.name) && ['key', 'code'].includes(name)) {
      tell(node.property, whole, 'keyboard events lack it in the oldest engines; use keyCode');
    }
    if (call) checkCall(call, node.property, owner, name, kinds, tell);
  });
}

/* owner is null for a bare name, which window owns. */
function checkCall(call, where, owner, name, kinds, tell) {
  const kind = kindOf(owner, kinds);
  if (/^(add|remove)EventListener$/.test(name)) {
    if (call.arguments[2] && call.arguments[2].type === 'ObjectExpression') {
      tell(where, name, 'an object of options means capture=true to the oldest engines; give true or false');
    }
    if (kind === 'matchMedia') tell(where, name, 'media queries lack it in WebKit 602; use addListener');
  }
  if (/^scroll(To|By|IntoView|)$/.test(name)) {
    if (call.arguments[0] && call.arguments[0].type === 'ObjectExpression') {
      tell(where, name, 'options throw or are ignored in the oldest engines; give numbers, or true or false');
    } else if (/^scroll(To|By)?$/.test(name) && !isWindow(owner)) {
      tell(where, name, 'elements lack it in the oldest engines; set scrollTop');
    }
  }
  if (name === 'append' && call.arguments.length === 1) {
    tell(where, name, 'elements lack it in Chromium 45; use appendChild');
  }
  if (owner && owner.type === 'MemberExpression' && NOT_ARRAYS.includes(owner.property.name)) {
    if (['forEach', 'entries', 'keys', 'values'].includes(name)) {
      tell(where, owner.property.name + '.' + name, 'no such method there in the oldest engines; count through it');
    }
    if (owner.property.name === 'classList' && name === 'replace') {
      tell(where, 'classList.replace', 'missing in the oldest engines; use remove and add');
    }
  }
  if (kind === 'FormData' && FORM_DATA_ONLY_APPENDS.includes(name)) {
    tell(where, 'FormData.' + name, 'in the oldest engines FormData can only append; read the fields themselves');
  }
}

/* Every name the file declares itself, with what it was made by: FormData, matchMedia or nothing of interest. */
function variables(tree) {
  const kinds = new Map();
  walk(tree, (node) => {
    if (node.type === 'VariableDeclarator') kinds.set(node.id.name, kindOf(node.init, kinds));
    if (/^Function/.test(node.type)) {
      if (node.id) kinds.set(node.id.name, '');
      node.params.forEach((param) => kinds.set(param.name, ''));
    }
  });
  return kinds;
}

function kindOf(node, kinds) {
  if (!node) return '';
  if (node.type === 'Identifier') return kinds.get(node.name) || '';
  if (node.type === 'NewExpression' && node.callee.name === 'FormData') return 'FormData';
  if (node.type !== 'CallExpression') return '';
  return node.callee.name === 'matchMedia' || (node.callee.property || {}).name === 'matchMedia' ? 'matchMedia' : '';
}

function isWindow(node) {
  return !node || (node.type === 'Identifier' && ['window', 'self'].includes(node.name));
}

/* A use of the variable itself: neither .name, nor { name: … }, nor a question by typeof. */
function isReference(parent, key) {
  if (parent.type === 'MemberExpression') return key === 'object' || parent.computed;
  if (parent.type === 'Property') return key === 'value';
  return !(parent.type === 'UnaryExpression' && parent.operator === 'typeof');
}

function walk(node, visit, parent, key) {
  if (parent) visit(node, parent, key);
  for (const [name, value] of Object.entries(node)) {
    for (const child of Array.isArray(value) ? value : [value]) {
      if (child && typeof child.type === 'string') walk(child, visit, node, name);
    }
  }
}

main();
