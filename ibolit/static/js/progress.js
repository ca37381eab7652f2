// A thin line on the page's top edge while anything is asked for. Installed, the app has no browser's sign of a page on its way:
// there a plain link or form shows the same line until the next page is here, or nothing has come of it.
(function () {
  'use strict';
  var COMES_TO_NOTHING = 10000, asked = 0, timer = null;
  var isInstalled = navigator.standalone === true || (!!window.matchMedia && matchMedia('(display-mode: standalone)').matches);

  function draw() { document.getElementById('progress').className = 'progress' + (asked || timer ? ' progress--on' : ''); }

  function count(more) {
    asked += more;
    draw();
  }

  function settle() {
    clearTimeout(timer);
    timer = null;
    draw();
  }

  document.addEventListener('htmx:beforeSend', function (event) {
    count(1);
    event.detail.xhr.addEventListener('loadend', function () { count(-1); });
  });
  if (!isInstalled) return;
  document.addEventListener('ibolit:navigating', function () {
    clearTimeout(timer);
    timer = setTimeout(settle, COMES_TO_NOTHING);
    draw();
  });
  window.addEventListener('pageshow', settle);
  window.addEventListener('hashchange', settle); // an address on this page, which loads nothing
}());
