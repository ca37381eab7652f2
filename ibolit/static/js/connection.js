// The socket's state in words, and how fast it comes back.
(function () {
  'use strict';
  // Half a second at first, eight at the most, and not all phones of the clinic in the same moment.
  htmx.config.wsReconnectDelay = function (tries) {
    return Math.min(500 * Math.pow(2, tries), 8000) * (0.5 + Math.random() / 2);
  };

  ibolit.behaviour('connection', function (body) {
    var banner = document.getElementById('connection'), timer = null;
    function lost(event) {
      var closing = event.detail.event;
      // Signed out elsewhere; if it was here, the way out is already being loaded and must not be interrupted.
      if (closing && closing.code === 4401) { if (!ibolit.leaving) location.reload(); return; }
      // htmx comes back after these only; proxies and phones that fall asleep have other ways to end a socket.
      if (closing && [1006, 1011, 1012, 1013].indexOf(closing.code) < 0) {
        setTimeout(event.detail.socketWrapper.reconnect, htmx.config.wsReconnectDelay(1));
      }
      timer = timer || setTimeout(function () { show(true); }, 2000); // counted from the first failure
    }
    function found() {
      clearTimeout(timer);
      timer = null;
      show(false);
    }
    function show(isLost) {
      banner.hidden = !isLost;
      htmx.trigger(body, 'ibolit:grown');
    }
    body.addEventListener('htmx:wsClose', lost);
    body.addEventListener('htmx:wsOpen', found);
    // Somebody signed in anew in another tab: this page is another person's, or its forms are no longer believed.
    body.addEventListener('ibolit:told', function (event) {
      var device = event.detail.item.getAttribute('data-device');
      if (device && device !== body.getAttribute('data-device')) location.reload();
    });
  });
})();
