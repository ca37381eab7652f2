// What waits for the server on this device, a key a letter: two tabs must not overwrite each other's. Told to the server
// with the same client id until it answers, so that nothing is lost and nothing doubled.
(function () {
  'use strict';
  var MINE = 'unsent:' + document.body.getAttribute('data-viewer') + ':', latest = 0;

  function keyOf(letter) { return MINE + letter.chat + ':' + letter.id; }

  function waiting(chat) {
    return ibolit.keptKeys(MINE + (chat ? chat + ':' : '')).map(function (key) { return JSON.parse(ibolit.kept(key)); })
      .sort(function (one, other) { return one.at - other.at; });
  }

  function keep(chat, text, id) {
    latest = Math.max(latest + 1, new Date().getTime());
    var letter = { chat: chat, text: text, id: id, at: latest };
    ibolit.keep(keyOf(letter), JSON.stringify(letter));
    return letter;
  }

  function waits(letter) { return !!ibolit.kept(keyOf(letter)); }

  function drop(letter) {
    var bubble = document.querySelector('.message--waiting[data-client-id="' + letter.id + '"]');
    ibolit.keep(keyOf(letter), '');
    if (bubble) ibolit.remove(bubble);
  }

  function post(letter, done) {
    ibolit.ask('POST', '/chats/' + letter.chat + '/messages', ibolit.form({ text: letter.text, client_id: letter.id }), done);
  }

  ibolit.letters = { waiting: waiting, waits: waits, keep: keep, drop: drop, post: post };

  // One leaves a chat faster than a slow network takes the letter: any page sends what waits for a chat that is not open.
  ibolit.behaviour('letters', function (body) {
    var busy = false;

    function next() {
      var composer = document.querySelector('.composer'), open = composer && composer.getAttribute('data-chat');
      var letter = waiting().filter(function (one) { return one.chat !== open; })[0];
      if (busy || !letter) return;
      busy = true;
      post(letter, function (status) {
        busy = false;
        if (status !== 200) return; // with the next page or the next connection
        drop(letter);
        next();
      });
    }

    // The socket may bring our own message before the answer does, or from another tab.
    function onTold(event) {
      var item = event.detail.item, id = item.getAttribute('data-client-id');
      if (id && item.hasAttribute('data-revision')) drop({ chat: item.getAttribute('data-list').split('-')[1], id: id });
    }

    body.addEventListener('ibolit:told', onTold);
    body.addEventListener('htmx:wsOpen', next);
    window.addEventListener('online', next);
    next();
  });
})();
