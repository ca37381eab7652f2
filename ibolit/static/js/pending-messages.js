// What waits for the server on this device. Told to it with the same client id until it answers, so that nothing is lost
// and nothing doubled.
(function () {
  'use strict';
  var viewer = document.body.getAttribute('data-viewer'), MINE = 'unsent:' + viewer + ':', latest = 0;

  function keyOf(message) { return MINE + message.chat + ':' + message.id; }

  // Where messages lie: a key a message, as two tabs must not overwrite each other's. Where the service worker can send them
  // with the app closed, modern/pending-on-disk.js has them instead.
  var store = {
    ready: function (done) { done(); },
    all: function () { return ibolit.storedKeys(MINE).map(function (key) { return JSON.parse(ibolit.getItem(key)); }); },
    has: function (message) { return !!ibolit.getItem(keyOf(message)); },
    put: function (message) { ibolit.setItem(keyOf(message), JSON.stringify(message)); },
    remove: function (message) { ibolit.setItem(keyOf(message), ''); },
    alone: function (message, work) { work(function () {}); },
    later: function () {},
    hasOthers: function () { return ibolit.leftovers.hasOthers(); }
  };

  function useStore(better) {
    var first = store;
    store = better;
    return first;
  }

  function waiting(chat) {
    return store.all().filter(function (one) { return !chat || one.chat === chat; })
      .sort(function (one, other) { return one.at - other.at; });
  }

  function newId() {
    var id = '', i;
    for (i = 0; i < 24; i += 1) id += Math.floor(Math.random() * 16).toString(16);
    return id;
  }

  // The files have arrived at the server; a message has their keys and names.
  function keep(chat, text, id, files, quoted, isWarned) {
    latest = Math.max(latest + 1, new Date().getTime());
    var message = { chat: chat, text: text, id: id, at: latest, files: files, device: document.body.getAttribute('data-device') };
    if (quoted) message.quoted = quoted;
    if (isWarned) message.warned = true; // its author has seen that it speaks of an emergency
    store.put(message);
    htmx.trigger(document.body, 'ibolit:pending');
    return message;
  }

  function waits(message) { return store.has(message); }

  function drop(message) {
    var bubble = document.querySelector('.message--waiting[data-client-id="' + message.id + '"]');
    store.remove(message);
    if (bubble) ibolit.remove(bubble);
    htmx.trigger(document.body, 'ibolit:pending');
  }

  // What the server did not take is again where it was written, before what was begun meanwhile.
  function returnToDraft(messages) {
    messages = messages.filter(waits);
    if (!messages.length) return;
    var chat = messages[0].chat, drafts = ibolit.drafts, files = [];
    var words = messages.map(function (one) { return one.text; }).concat(drafts.words(chat)).filter(Boolean);
    messages.forEach(function (one) { files = files.concat(one.files || []); });
    drafts.keep(chat, words.join('\n'));
    drafts.keepFiles(chat, files.concat(drafts.files(chat)));
    messages.forEach(function (one) { if (one.quoted && !drafts.quote(chat)) drafts.keepQuote(chat, one.quoted); });
    messages.forEach(drop);
    htmx.trigger(document.body, 'ibolit:returned', { files: files });
  }

  // Repeating would not help: the time is over, the text is too long, or so long that the server did not read it.
  function refused(status) { return status === 409 || status === 422 || status === 413; }

  // Words over the socket if it is well, else by the form: the same message by either way.
  function post(message, done) {
    store.alone(message, function (end) {
      function finish(status, html) {
        end();
        if (!status || status >= 500) store.later();
        done(status, html);
      }
      if ((message.files || []).length || !ibolit.bySocket(frameOf(message), onAck)) postForm(message, finish);

      function onAck(status, html) {
        if (!status) { postForm(message, finish); return; }
        // Its bubble comes before the acknowledgement, else it is asked for.
        if (status === 200 && !html && waits(message)) htmx.trigger(document.body, 'chat:stale');
        finish(status, html);
      }
    });
  }

  function frameOf(message) {
    var seq = message.quoted ? message.quoted.seq : null;
    return {
      kind: 'send', chat: Number(message.chat), text: message.text, client_id: message.id, quoted: seq, warned: !!message.warned
    };
  }

  function postForm(message, done) {
    var uploads = (message.files || []).map(function (file) { return '&' + ibolit.form({ uploads: file.key }); });
    var quoted = message.quoted ? '&' + ibolit.form({ quoted: message.quoted.seq }) : '';
    var warned = message.warned ? '&warned=1' : '';
    var body = ibolit.form({ text: message.text, client_id: message.id }) + quoted + warned + uploads.join('');
    ibolit.ask('POST', '/chats/' + message.chat + '/messages', body, done);
  }

  function reasonOf(html) {
    var box = document.createElement('div'), why;
    box.innerHTML = html;
    why = box.querySelector('.foot__words, .field__error span');
    return why ? why.textContent.replace(/\.$/, '') : '';
  }

  // Of a chat that is not open: why it came back, and where its text is.
  function explain(message, why) {
    var box = document.createElement('div'), link;
    why = why ? why + '. ' : '';
    box.innerHTML = '<p class="notice notice--kept">' + ibolit.icon('alert') + '<span><span></span><a>Открыть чат</a></span></p>';
    box.querySelector('span span').textContent = why + 'Сообщение не отправлено, текст сохранён. ';
    link = box.querySelector('a');
    link.href = '/chats/' + message.chat + '#end';
    document.getElementById('notices').innerHTML = box.innerHTML;
  }

  ibolit.pending = {
    waiting: waiting, waits: waits, newId: newId, keep: keep, drop: drop, returnToDraft: returnToDraft, refused: refused, post: post,
    useStore: useStore, explain: explain,
    hasOthers: function () { return store.hasOthers(); },
    isOnlyHere: function (message) { return ibolit.isOnlyHere(keyOf(message)); },
    ready: function (done) { store.ready(done); }
  };

  // One leaves a chat faster than a slow network takes the message: any page sends what waits for a chat that is not open.
  ibolit.behaviour('pending-messages', function (body) {
    var busy = false, backoff = ibolit.backoff(next);

    function next() {
      var composer = document.querySelector('.composer'), open = composer && composer.getAttribute('data-chat');
      var message = waiting().filter(function (one) { return one.chat !== open; })[0];
      if (busy || !message) return;
      busy = true;
      post(message, function (status, html) {
        busy = false;
        if (status === 200) { backoff.reset(); drop(message); }
        else if (refused(status)) giveBack(message, status, html);
        else { backoff.later(); return; }
        next();
      });
    }

    // What stands behind it in a chat whose time is over would be refused like it.
    function giveBack(message, status, html) {
      returnToDraft(status === 409 ? waiting(message.chat) : [message]);
      explain(message, reasonOf(html));
    }

    // The socket may bring our own message before the answer does, or from another tab.
    function onApplied(event) {
      var item = event.detail.item, id = item.getAttribute('data-client-id');
      if (id && item.hasAttribute('data-revision')) drop({ chat: item.getAttribute('data-chat'), id: id });
    }

    body.addEventListener('ibolit:applied', onApplied);
    body.addEventListener('ibolit:send-pending', next);
    body.addEventListener('htmx:wsOpen', next);
    window.addEventListener('online', next);
    store.ready(next);
  });
})();
