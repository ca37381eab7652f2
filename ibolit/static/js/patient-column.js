// The patient beside the chat: asked for once, after the chat, and only where there is room; elsewhere the name in the
// chat's head opens the same as a sheet. Without an answer what stands there already leads to the patient's page.
(function () {
  'use strict';
  var room = window.matchMedia && matchMedia('(min-width: 75em)');

  function isWide() { return !!room && room.matches; }

  ibolit.behaviour('patient-column', function (column) {
    var isAsked = false, isGone = false, backoff = ibolit.backoff(load);

    function load() {
      if (isAsked || isGone || !isWide()) return;
      isAsked = true;
      ibolit.ask('GET', column.getAttribute('data-column'), null, function (status, html) {
        if (isGone) return;
        if (status === 200) show(html);
        else if (ibolit.isAway(status)) { isAsked = false; backoff.later(); }
      });
    }

    function show(html) {
      column.innerHTML = html;
      htmx.process(column);
      ibolit.scan(column);
    }

    setTimeout(load, 0);
    if (room) room.addListener(load);
    return function () {
      isGone = true;
      backoff.cancel();
      if (room) room.removeListener(load);
    };
  });

  ibolit.behaviour('patient-sheet', function (link) {
    function open(event) {
      if (isWide() || event.button || event.metaKey || event.ctrlKey || event.shiftKey || event.altKey) return;
      event.preventDefault();
      htmx.ajax('GET', link.getAttribute('data-sheet'), { source: link, target: '#sheet', swap: 'innerHTML' });
    }

    link.addEventListener('click', open);
    return function () { link.removeEventListener('click', open); };
  });
})();
