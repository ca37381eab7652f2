// Closing the app with something under way is asked about. Whoever has something at stake prevents ibolit:before-leave; going from
// page to page inside the app is told apart, as the next page goes on with most of it.
(function () {
  'use strict';
  var LASTS = 3000, COMES_TO_NOTHING = 10000, isInside = false, isGoing = false, timer = null;

  // A way inside has been taken; it may come to nothing.
  ibolit.navigating = function () {
    isInside = true;
    htmx.trigger(document.body, 'ibolit:navigating');
    clearTimeout(timer);
    timer = setTimeout(function () { isInside = false; }, LASTS);
  };

  // A page of ours is led elsewhere from here only, and once: two loads at once stop each other, and each of several – a
  // press, the socket, another tab – may be the one that knows first. Without an address it loads itself anew.
  ibolit.go = function (to) {
    if (isGoing) return;
    isGoing = true;
    setTimeout(settle, COMES_TO_NOTHING);
    ibolit.navigating();
    if (to) location.href = to; else location.reload();
  };

  function settle() { isGoing = false; }

  window.addEventListener('pageshow', settle);
  window.addEventListener('hashchange', settle); // an address on this page, which loads nothing

  function onClick(event) {
    var link = event.target;
    while (link && link.tagName !== 'A') link = link.parentNode;
    if (link && !event.defaultPrevented && link.host === location.host && !link.target && !link.hasAttribute('download')) ibolit.navigating();
  }

  // After everybody who may have stopped it.
  window.addEventListener('click', onClick);
  window.addEventListener('submit', function (event) { if (!event.defaultPrevented) ibolit.navigating(); });
  window.addEventListener('beforeunload', function (event) {
    if (htmx.trigger(document.body, 'ibolit:before-leave', { isInside: isInside })) return;
    event.preventDefault();
    event.returnValue = ''; // what older engines ask by
    setTimeout(settle, 0); // whoever chose to stay
  });
})();
