// The list of chats misses nothing: asked for again when something was said between the page and its socket, or while
// the socket was away. Its rows are placed one by one, so that the pages scrolled to stay.
ibolit.behaviour('inbox', function (inbox) {
  'use strict';
  var only = inbox.getAttribute('data-shows'), wasHere = false, backoff = ibolit.backoff(ask);
  var WAITS_LONGER = 300000, timer = setInterval(askWhoWaits, WAITS_LONGER);

  function key(row) { return row ? Number(row.getAttribute('data-key')) : 0; }

  // Not that of the first row: emergencies stand above what was said later.
  function newest() {
    var most = 0;
    ibolit.each(inbox.querySelectorAll('.row'), function (row) { most = Math.max(most, key(row)); });
    return most;
  }

  function place(html) {
    var box = document.createElement('div'), rows, last;
    box.innerHTML = html;
    rows = box.querySelectorAll('.row');
    last = rows.length && document.getElementById(rows[rows.length - 1].id);
    // So much was said that more than this page of it may be missing.
    if (only === 'waiting' || !last || key(last) !== key(rows[rows.length - 1])) ibolit.applyFragment(html);
    else ibolit.each(rows, function (row) { ibolit.applyFragment(row.outerHTML); });
  }

  function onApplied(event) {
    var ready = event.detail.item, isBehind;
    if (!ready.hasAttribute('data-ready')) return;
    isBehind = wasHere || Number(ready.getAttribute('data-latest')) > newest();
    wasHere = true;
    if (isBehind) ask();
  }

  // «ждёт 3 ч» grows by itself.
  function askWhoWaits() { if (!document.hidden && inbox.querySelector('.row__wait')) ask(); }

  function ask() {
    backoff.cancel();
    if (!inbox.offsetParent) return; // a phone hides it beside a chat
    var chat = document.querySelector('.chat'); // another one since, perhaps
    ibolit.ask('GET', '/messages' + (only ? '?only=' + only : chat ? '?here=' + chat.getAttribute('data-chat') : ''), null, function (status, html) {
      if (status === 200) place(html);
      if (ibolit.isAway(status)) backoff.later(); else backoff.reset();
    });
  }

  document.body.addEventListener('ibolit:applied', onApplied);
  return function () { clearInterval(timer); backoff.cancel(); document.body.removeEventListener('ibolit:applied', onApplied); };
});
