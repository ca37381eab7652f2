// A consultation's card turns with the clock: at its minute, counted on the server's clock, it asks how it stands.
(function () {
  'use strict';
  var LONGEST = 86400000, wasHere = false;

  function isReady(event) { return event.detail.item.hasAttribute('data-ready'); }

  document.addEventListener('ibolit:applied', function (event) { if (isReady(event)) wasHere = true; });

  // A card or a list asks when its page has a socket again: what was told meanwhile it has not heard.
  function afterReturn(ask) {
    function onApplied(event) { if (wasHere && isReady(event)) ask(); }
    document.body.addEventListener('ibolit:applied', onApplied);
    return function () { document.body.removeEventListener('ibolit:applied', onApplied); };
  }

  ibolit.behaviour('card-refresh', function (card) {
    var left = Number(card.getAttribute('data-at')) - Number(card.getAttribute('data-now')), timer, isDue = false;
    var backoff = ibolit.backoff(ask), isOfMany = !!document.querySelector('.messages #' + card.id + ', #agenda #' + card.id);
    var stopListening = isOfMany ? function () {} : afterReturn(ask); // those come with the changes of what they are in

    function wait() {
      var step = Math.min(Math.max(left, 0) + 300, LONGEST);
      left -= step;
      timer = setTimeout(left > 0 ? wait : ask, step);
    }

    // A card nobody looks at asks when somebody does.
    function ask() {
      isDue = document.hidden;
      if (isDue) return;
      ibolit.ask('GET', card.getAttribute('data-card'), null, function (status, html) {
        if (status === 200) ibolit.applyFragment(html);
        else if (ibolit.isAway(status)) backoff.later();
      });
    }

    function onShow() { if (isDue && !document.hidden) ask(); }

    document.addEventListener('visibilitychange', onShow);
    if (Number(card.getAttribute('data-at'))) wait();
    return function () { clearTimeout(timer); backoff.cancel(); stopListening(); document.removeEventListener('visibilitychange', onShow); };
  });

  // Asks for a fragment anew when something was told that it depends on: `pause` says of that in how many milliseconds, or 0
  // for what is nothing to it. Several at once are one question.
  ibolit.renewal = function (address, pause) {
    var timer, backoff = ibolit.backoff(ask);

    function ask() {
      ibolit.ask('GET', address, null, function (status, html) {
        if (status === 200) ibolit.applyFragment(html);
        if (ibolit.isAway(status)) backoff.later(); else backoff.reset();
      });
    }

    function onApplied(event) {
      var wait = pause(event.detail.item);
      if (!wait) return;
      clearTimeout(timer);
      timer = setTimeout(ask, wait);
    }

    document.body.addEventListener('ibolit:applied', onApplied);
    return {
      ask: ask,
      stop: function () {
        clearTimeout(timer);
        backoff.cancel();
        document.body.removeEventListener('ibolit:applied', onApplied);
      }
    };
  };

  // The list asks for itself anew when one of its cards belongs elsewhere now, or is not on it yet.
  ibolit.behaviour('consultation-list', function (agenda) {
    var phases = {}, renewal = ibolit.renewal(agenda.getAttribute('data-list-of'), pause), stopListening = afterReturn(renewal.ask);

    function note(card) { phases[card.id] = card.getAttribute('data-phase'); }

    function pause(card) { return !card.hasAttribute('data-phase') || phases[card.id] === card.getAttribute('data-phase') ? 0 : 300; }

    ibolit.each(agenda.querySelectorAll('[data-phase]'), note);
    return function () { renewal.stop(); stopListening(); };
  });

  // Both are ready: whoever looks at the app is led to the call, and whoever comes back to it then.
  document.addEventListener('DOMContentLoaded', function () {
    var to = '';
    function go() { if (to && !document.hidden) { document.removeEventListener('visibilitychange', go); ibolit.go(to); } }
    document.body.addEventListener('ibolit:applied', function (event) {
      to = event.detail.item.getAttribute('data-go') || to;
      if (to === location.pathname) to = '';
      go();
    });
    document.addEventListener('visibilitychange', go);
  });
})();
