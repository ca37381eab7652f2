// A doctor's day asks for itself anew when a consultation's card looks otherwise, and when the page was without its socket.
ibolit.behaviour('today', function (section) {
  'use strict';
  var timer, backoff = ibolit.backoff(ask);

  function ask() {
    ibolit.ask('GET', section.getAttribute('data-card'), null, function (status, html) {
      if (status === 200) ibolit.applyFragment(html);
      if (ibolit.isAway(status)) backoff.later(); else backoff.reset();
    });
  }

  function onApplied(event) {
    if (!event.detail.item.hasAttribute('data-phase')) return;
    clearTimeout(timer);
    timer = setTimeout(ask, 300);
  }

  document.body.addEventListener('ibolit:applied', onApplied);
  return function () {
    clearTimeout(timer);
    backoff.cancel();
    document.body.removeEventListener('ibolit:applied', onApplied);
  };
});
