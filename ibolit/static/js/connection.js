// The socket's state in words, how fast it comes back, and that a silent one counts as dead.
(function () {
  'use strict';
  // ms: the server says something at least so often; how late that may be; what an opening may take
  var BEAT = 25000, LATE = 1000, OPENS = 10000, AWAY = 10000;
  var socket = null, heard = 0;

  function now() { return new Date().getTime(); }

  // Half a second at first, eight at the most, and not all phones of the clinic in the same moment.
  htmx.config.wsReconnectDelay = function (tries) {
    return Math.min(500 * Math.pow(2, tries), 8000) * (0.5 + Math.random() / 2);
  };

  // One at a time: what a new one takes the place of says no more, neither that it is closed.
  htmx.createWebSocket = function (url) {
    var old = socket;
    if (old) {
      old.onopen = old.onclose = old.onerror = null;
      old.close();
    }
    heard = now();
    socket = new WebSocket(url, []);
    return socket;
  };

  // Whether the words have gone into a socket that is open, not silent, and has nothing else to send.
  ibolit.say = function (words) {
    var isWell = socket && socket.readyState === 1 && !socket.bufferedAmount && now() - heard < BEAT + LATE;
    if (!isWell || navigator.onLine === false) return false;
    socket.send(words);
    return true;
  };

  ibolit.behaviour('connection', function (body) {
    var banner = document.getElementById('connection'), timer = null, hiddenAt = 0, stop = null, isAsking = false;

    function renew() {
      var inner = (document.querySelector('[ws-connect]') || {})['htmx-internal-data'], wrapper = inner && inner.webSocket;
      if (!wrapper || ibolit.signingOut) return;
      expect();
      wrapper.init();
    }

    function expect() { timer = timer || setTimeout(function () { show(true); }, 2000); } // counted from the first failure

    function lost(event) {
      var closing = event.detail.event;
      // Signed out elsewhere; if it was here, the way out is already being loaded and must not be interrupted.
      if (closing && closing.code === 4401) { if (!ibolit.signingOut) ibolit.go(); return; }
      // htmx comes back after these only; proxies and phones that fall asleep have other ways to end a socket.
      if (closing && [1006, 1011, 1012, 1013].indexOf(closing.code) < 0) {
        setTimeout(event.detail.socketWrapper.reconnect, htmx.config.wsReconnectDelay(1));
      }
      expect();
    }

    function found() {
      heard = now();
      clearTimeout(timer);
      timer = null;
      show(false);
    }

    // A page that hears nothing knows of nobody whether they are there (avatar.css).
    function show(isLost) {
      banner.hidden = !isLost;
      document.documentElement.classList[isLost ? 'add' : 'remove']('lost');
      htmx.trigger(body, 'ibolit:resized');
    }

    // Networks and sleeping phones let a socket die without a word to either side.
    function look() {
      var silence = now() - heard;
      if (!socket) return;
      if (socket.readyState === 1 && silence > BEAT + LATE) ask();
      if (socket.readyState === 0 && silence > OPENS) renew();
    }

    // A beat that does not come is asked for: on a slow network it comes before the answer, and the socket stays.
    function ask() {
      var before = heard;
      if (isAsking) return;
      isAsking = true;
      expect();
      ibolit.ask('GET', '/healthz', null, function () {
        isAsking = false;
        if (heard === before) renew();
      });
    }

    function hear() {
      heard = now();
      if (timer) found();
    }

    function onShow() {
      if (document.hidden) { hiddenAt = now(); return; }
      if (hiddenAt && now() - hiddenAt > AWAY) renew(); else look();
    }

    body.addEventListener('htmx:wsClose', lost);
    body.addEventListener('htmx:wsOpen', found);
    body.addEventListener('htmx:wsBeforeMessage', hear);
    document.addEventListener('visibilitychange', onShow);
    window.addEventListener('online', function () { if (socket) renew(); else found(); });
    window.addEventListener('offline', expect);
    window.addEventListener('pageshow', function (event) { if (event.persisted) renew(); });
    stop = setInterval(look, 1000);
    // Somebody signed in anew in another tab: this page is another person's, or its forms are no longer believed.
    body.addEventListener('ibolit:applied', function (event) {
      var device = event.detail.item.getAttribute('data-device');
      if (device && device !== body.getAttribute('data-device')) ibolit.go();
    });
    return function () { clearInterval(stop); };
  });
})();
