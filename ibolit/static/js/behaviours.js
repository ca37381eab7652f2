// Starts what stands in data-behaviour after load and after every swap, and stops it when the element goes.
// A behaviour is a function that gets its element and may return a function that stops it.
window.ibolit = (function () {
  'use strict';
  var starters = {}, running = [];

  function each(list, act) { Array.prototype.forEach.call(list, act); }

  function start(element) {
    if (running.some(function (one) { return one.element === element; })) return;
    element.getAttribute('data-behaviour').split(' ').forEach(function (name) {
      if (starters[name]) running.push({ element: element, stop: starters[name](element) });
    });
  }

  function scan(root) {
    if (root.hasAttribute && root.hasAttribute('data-behaviour')) start(root);
    each(root.querySelectorAll('[data-behaviour]'), start);
  }

  function stop(root) {
    running = running.filter(function (one) {
      if (one.element !== root && !root.contains(one.element)) return true;
      if (one.stop) one.stop();
      return false;
    });
  }

  document.documentElement.className += ' js';
  document.addEventListener('DOMContentLoaded', function () { scan(document.documentElement); });
  document.addEventListener('htmx:load', function (event) { scan(event.target); });
  document.addEventListener('htmx:beforeCleanupElement', function (event) { stop(event.target); });

  return {
    behaviour: function (name, starter) { starters[name] = starter; },
    each: each,
    scan: scan,
    stop: stop,
    // Storage may be forbidden or full; then nothing is kept, and nothing breaks.
    keep: function (key, value) {
      try {
        if (value) localStorage.setItem('ibolit:' + key, value); else localStorage.removeItem('ibolit:' + key);
      } catch (error) { /* private mode */ }
    },
    kept: function (key) {
      try { return localStorage.getItem('ibolit:' + key) || ''; } catch (error) { return ''; }
    }
  };
})();
