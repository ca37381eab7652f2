// Modules of js/modern as one script, by the same hand that joins what is served. `source` imports from there.
'use strict';
const { execFileSync } = require('node:child_process');
const path = require('node:path');

const HOUSE = path.join(__dirname, '..', '..', 'ibolit');
const MODERN = path.join(HOUSE, 'static', 'js', 'modern');

module.exports = function joined(source) {
  return execFileSync('python3', [path.join(HOUSE, 'script_modules.py'), MODERN], { input: source, encoding: 'utf8' });
};
