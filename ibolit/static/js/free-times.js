// An open page of free times asks for them anew when some of this doctor's were taken or let go.
ibolit.behaviour('free-times', function (section) {
  'use strict';
  var timer, backoff = ibolit.backoff(ask);

  function ask() {
    ibolit.ask('GET', section.getAttribute('data-card'), null, function (status, html) {
      if (status === 200) ibolit.applyFragment(html);
      if (ibolit.isAway(status)) backoff.later(); else backoff.reset();
    });
  }

  function onApplied(event) {
    if (event.detail.item.getAttribute('data-free-times') !== section.getAttribute('data-doctor')) return;
    clearTimeout(timer);
    timer = setTimeout(ask, 300 + Math.random() * 700); // not all of them at once
  }

  document.body.addEventListener('ibolit:applied', onApplied);
  return function () {
    clearTimeout(timer);
    backoff.cancel();
    document.body.removeEventListener('ibolit:applied', onApplied);
  };
});
