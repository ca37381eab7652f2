// Tries again by itself while the page is open, with growing pauses: nothing tells a page that the server is back.
ibolit.backoff = function (work) {
  'use strict';
  var PAUSES = [3, 5, 10, 20, 40, 60], tries = 0, timer = null;

  function cancel() { clearTimeout(timer); timer = null; }

  return {
    later: function () {
      var pause = PAUSES[Math.min(tries, PAUSES.length - 1)];
      cancel();
      timer = setTimeout(work, pause * 1000 * (0.75 + Math.random() / 2)); // not all phones of the clinic at once
      tries += 1;
    },
    cancel: cancel,
    reset: function () { cancel(); tries = 0; }
  };
};

// Worth repeating: nobody knows what happened, the server was away, or too much was asked of it.
ibolit.isAway = function (status) { 'use strict'; return !status || status >= 500 || status === 429; };
