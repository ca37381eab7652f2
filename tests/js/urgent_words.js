#!/usr/bin/env node
// Asks the browser's engine: the packed list as the first line of the standard input, the clinic's own (or {}) as the
// second, then a sentence a line, each as JSON. Answers with the groups of each, as JSON.
'use strict';
const fs = require('node:fs');
const path = require('node:path');

const code = fs.readFileSync(path.join(__dirname, '..', '..', 'ibolit', 'static', 'js', 'urgent-words.js'), 'utf8');
const [list, more, ...sentences] = fs.readFileSync(0, 'utf8').trimEnd().split('\n').map((line) => JSON.parse(line));
const ibolit = {};
new Function('ibolit', 'URGENT_WORDS', code)(ibolit, list);
if (more.c) ibolit.urgentWords.add(more);
process.stdout.write(JSON.stringify(sentences.map((one) => ibolit.urgentWords.groupsIn(one))));
