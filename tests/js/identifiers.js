#!/usr/bin/env node
/* tests/js/identifiers.js FILE…        prints, as JSON, what names each script uses:
   { FILE: { names: [[name, what stands before its dot or ""]…], words: [the words of its strings…] } } */
'use strict';

const fs = require('fs');
const acorn = require('acorn');

function read(file) {
  const names = [], words = new Set();
  let dotted = '', before = '';
  const tokens = [];
  const usual = { ecmaVersion: 2022, sourceType: 'module', allowHashBang: true, allowReturnOutsideFunction: true };
  acorn.parse(fs.readFileSync(file, 'utf8'), Object.assign({ onToken: tokens }, usual));
  for (const token of tokens) {
    const label = token.type.label;
    if (label === 'name' || label === 'privateId') {
      names.push([token.value, dotted]);
      before = token.value;
    } else if (label === 'string' || label === 'template') {
      (token.value || '').split(/[^\w-]+/).forEach(word => words.add(word));
      before = '';
    } else if (label === 'this') {
      before = 'this';
    } else if (label !== '.' && label !== '?.') {
      before = '';
    }
    dotted = label === '.' || label === '?.' ? before : '';
  }
  return { names, words: Array.from(words) };
}

const told = {};
process.argv.slice(2).forEach(file => { told[file] = read(file); });
console.log(JSON.stringify(told));
