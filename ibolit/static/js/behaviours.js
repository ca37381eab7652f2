// Starts what stands in data-behaviour after load and after every swap, and stops it when the element goes.
// A behaviour is a function that gets its element and may return a function that stops it.
window.ibolit = (function () {
  'use strict';
  var starters = {}, running = [], memory = {};
  var isOld = !document.replaceChildren; // before 2020

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

  function drawing(name) { return document.documentElement.getAttribute('data-sprite') + '#i-' + name; }

  // Chromium 45 to 64 draw no icon that htmx has parsed in a document of its own: a copy made here is drawn.
  function drawAnew(root) {
    each(root.querySelectorAll('use'), function (use) { use.parentNode.replaceChild(use.cloneNode(false), use); });
  }

  document.documentElement.className += ' js';
  // htmx begins at the same moment: each in a task of its own, a tap between them is answered.
  document.addEventListener('DOMContentLoaded', function () { setTimeout(scan, 0, document.documentElement); });
  document.addEventListener('htmx:load', function (event) {
    if (isOld && event.target !== document.body) drawAnew(event.target);
    scan(event.target);
  });
  document.addEventListener('htmx:beforeCleanupElement', function (event) { stop(event.target); });

  return {
    behaviour: function (name, starter) { starters[name] = starter; },
    each: each,
    scan: scan,
    stop: stop,
    icon: function (name) {
      return '<svg class="icon" width="24" height="24" aria-hidden="true"><use xlink:href="' + drawing(name) + '"></use></svg>';
    },
    // A copy of what the server has drawn for scripts in the <template> of this id.
    pattern: function (id, selector) { return document.getElementById(id).content.querySelector(selector).cloneNode(true); },
    draw: function (element, name) { // another icon in place of the one it has
      element.querySelector('use').setAttributeNS('http://www.w3.org/1999/xlink', 'href', drawing(name));
    },
    // Storage may be forbidden or full; then a thing is kept as long as the page.
    setItem: function (key, value) {
      delete memory[key];
      try {
        if (value) localStorage.setItem('ibolit:' + key, value); else localStorage.removeItem('ibolit:' + key);
      } catch (error) { if (value) memory[key] = value; }
    },
    isOnlyHere: function (key) { return !!memory[key]; },
    getItem: function (key) {
      if (memory[key]) return memory[key];
      try { return localStorage.getItem('ibolit:' + key) || ''; } catch (error) { return ''; }
    },
    storedKeys: function (beginning) {
      var keys = Object.keys(memory);
      try {
        Object.keys(localStorage).forEach(function (key) { if (key.indexOf('ibolit:') === 0) keys.push(key.slice(7)); });
      } catch (error) { /* forbidden */ }
      return keys.filter(function (key) { return key.indexOf(beginning) === 0; });
    }
  };
})();
