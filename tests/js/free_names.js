#!/usr/bin/env node
/* tests/js/free_names.js FILE…        prints, as JSON, of each script read as a module:
   { FILE: { free: [names it uses, declares nowhere, and no engine has], unused: [what it imports in vain] } } */
'use strict';

const fs = require('fs');
const acorn = require('acorn');
const eslintScope = require('eslint-scope');
const globals = require('globals');

const KNOWN = new Set(Object.keys(Object.assign({}, globals.es2017, globals.browser, globals.serviceworker)));
['ibolit', 'htmx'].forEach((name) => KNOWN.add(name)); // of the ground floor
['VERSION', 'ASSETS'].forEach((name) => KNOWN.add(name)); // the server puts them before the worker

function look(file) {
  const usual = { ecmaVersion: 2018, sourceType: 'module' };
  const tree = acorn.parse(fs.readFileSync(file, 'utf8'), Object.assign({ ranges: true, locations: true }, usual));
  const [top] = eslintScope.analyze(tree, usual).scopes, [module] = top.childScopes;
  const free = top.through.map((one) => one.identifier.name).filter((name) => !KNOWN.has(name));
  const imported = module.variables.filter((one) => one.defs.some((def) => def.type === 'ImportBinding'));
  return { free: [...new Set(free)].sort(), unused: imported.filter((one) => !one.references.length).map((one) => one.name) };
}

const told = {};
process.argv.slice(2).forEach((file) => { told[file] = look(file); });
console.log(JSON.stringify(told));
