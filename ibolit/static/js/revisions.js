// An open chat misses nothing: every change has the chat's next revision; a gap, a reconnect or a minute's silence makes
// the page ask for all that came after the last one it is sure of.
ibolit.behaviour('revisions', function (chat) {
  'use strict';
  var id = chat.getAttribute('data-chat'), sure = Number(chat.getAttribute('data-revision')), ahead = {};
  var asking = false, isBehind = false, timer, backoff = ibolit.backoff(ask);

  function ofThisChat(item) {
    return item.getAttribute('data-list') === chat.id + '-messages' || item.getAttribute('data-chat') === id;
  }

  function onApplied(event) {
    var item = event.detail.item, revision = Number(item.getAttribute('data-revision'));
    if (item.hasAttribute('data-ready')) askIfChanged();
    if (item.id === chat.id + '-row') item.classList.add('row--here');
    if (!ofThisChat(item)) return;
    if (item.hasAttribute('data-complete')) sure = Math.max(sure, Number(item.getAttribute('data-complete')));
    else if (revision > sure) ahead[revision] = true;
    while (ahead[sure + 1]) { delete ahead[sure + 1]; sure += 1; }
    if (item.hasAttribute('data-stale') || item.hasAttribute('data-more')) askSoon(0);
    else if (Object.keys(ahead).some(function (one) { return Number(one) > sure; })) askSoon(400);
  }

  function askSoon(pause) {
    clearTimeout(timer);
    timer = setTimeout(ask, pause);
  }

  // Right after the page: an empty answer when nothing happened between it and the socket.
  function askIfChanged() {
    ask('&state=' + document.getElementById(chat.id + '-strip').getAttribute('data-time'));
  }

  function ask(more) {
    clearTimeout(timer);
    backoff.cancel();
    if (asking) { isBehind = true; return; }
    asking = true;
    var query = '?after=' + sure + (typeof more === 'string' ? more : '');
    ibolit.ask('GET', chat.getAttribute('data-changes') + query, null, function (status, html) {
      asking = false;
      if (status === 200) { ahead = {}; ibolit.applyFragment(html); }
      if (isBehind) { isBehind = false; askSoon(0); return; }
      if (document.hidden) return;
      if (ibolit.isAway(status)) { backoff.later(); return; }
      backoff.reset();
      timer = setTimeout(ask, 60000);
    });
  }

  function onShow() { if (!document.hidden) ask(); }

  var heard = [[document.body, 'ibolit:applied', onApplied], [document.body, 'chat:stale', ask],
    [document, 'visibilitychange', onShow], [window, 'online', ask],
    [window, 'pageshow', function (event) { if (event.persisted) ask(); }]];
  heard.forEach(function (one) { one[0].addEventListener(one[1], one[2]); });
  timer = setTimeout(ask, 60000);
  return function () {
    clearTimeout(timer);
    backoff.cancel();
    heard.forEach(function (one) { one[0].removeEventListener(one[1], one[2]); });
  };
});
