// What waits for the server on this device. Told to it with the same client id until it answers, so that nothing is lost
// and nothing doubled.
(function () {
  'use strict';
  var viewer = document.body.getAttribute('data-viewer'), MINE = 'unsent:' + viewer + ':', latest = 0;

  function keyOf(letter) { return MINE + letter.chat + ':' + letter.id; }

  // Where letters lie: a key a letter, as two tabs must not overwrite each other's. Where the service worker can send them
  // with the app closed, modern/letterbox.js has them instead.
  var store = {
    ready: function (done) { done(); },
    all: function () { return ibolit.keptKeys(MINE).map(function (key) { return JSON.parse(ibolit.kept(key)); }); },
    has: function (letter) { return !!ibolit.kept(keyOf(letter)); },
    put: function (letter) { ibolit.keep(keyOf(letter), JSON.stringify(letter)); },
    remove: function (letter) { ibolit.keep(keyOf(letter), ''); },
    alone: function (letter, work) { work(function () {}); },
    later: function () {},
    hasOthers: function () { return ibolit.leftBehind.isAnybodys(); }
  };

  function keepIn(better) {
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

  // The files have arrived at the server; a letter has their keys and names.
  function keep(chat, text, id, files) {
    latest = Math.max(latest + 1, new Date().getTime());
    var letter = { chat: chat, text: text, id: id, at: latest, files: files, device: document.body.getAttribute('data-device') };
    store.put(letter);
    htmx.trigger(document.body, 'ibolit:unsent');
    return letter;
  }

  function waits(letter) { return store.has(letter); }

  function drop(letter) {
    var bubble = document.querySelector('.message--waiting[data-client-id="' + letter.id + '"]');
    store.remove(letter);
    if (bubble) ibolit.remove(bubble);
    htmx.trigger(document.body, 'ibolit:unsent');
  }

  // A draft is its author's: the other side may use the same browser.
  function draft(chat) { return 'draft:' + viewer + ':' + chat; }

  // Unsent files of a chat, as a list to be read without asking the disk: the shelf of the modern floor has their bytes.
  function trayKey(chat) { return 'tray:' + viewer + ':' + chat; }
  function tray(chat) { return JSON.parse(ibolit.kept(trayKey(chat)) || '[]'); }
  function keepTray(chat, files) { ibolit.keep(trayKey(chat), files.length ? JSON.stringify(files) : ''); }

  // What the server did not take is again where it was written, before what was begun meanwhile.
  function takeBack(letters) {
    letters = letters.filter(waits);
    if (!letters.length) return;
    var chat = letters[0].chat, key = draft(chat), files = [];
    var words = letters.map(function (one) { return one.text; }).concat(ibolit.kept(key)).filter(Boolean);
    letters.forEach(function (one) { files = files.concat(one.files || []); });
    ibolit.keep(key, words.join('\n'));
    keepTray(chat, files.concat(tray(chat)));
    letters.forEach(drop);
    htmx.trigger(document.body, 'ibolit:taken-back', { files: files });
  }

  // Sent from another page than the one it was typed on.
  function forgetDraft(chat, text) { if (ibolit.kept(draft(chat)).trim() === text) ibolit.keep(draft(chat), ''); }

  // A form that the browser posts by itself, with files or before the scripts were there: its words are no draft any more
  // when the page shows its message. Kept as the form's id, a line's end, its words.
  function postedKey(chat) { return 'posted:' + viewer + ':' + chat; }
  function postedByForm(chat, id, text) { ibolit.keep(postedKey(chat), id + '\n' + text); }
  function forgetPosted(chat) { ibolit.keep(postedKey(chat), ''); }
  function seeIfPosted(chat) {
    var note = ibolit.kept(postedKey(chat)), end = (note + '\n').indexOf('\n'), id = note.slice(0, end), text = note.slice(end + 1);
    var left = ibolit.kept(draft(chat));
    if (!id || !document.querySelector('.message--mine[data-client-id="' + id + '"]')) return;
    forgetPosted(chat);
    if (left.indexOf(text) === 0) ibolit.keep(draft(chat), end < note.length ? left.slice(text.length).replace(/^\s+/, '') : '');
  }

  // Repeating would not help: the time is over, the text is too long, or so long that the server did not read it.
  function refused(status) { return status === 409 || status === 422 || status === 413; }

  function post(letter, done) {
    var uploads = (letter.files || []).map(function (file) { return '&' + ibolit.form({ uploads: file.key }); });
    var body = ibolit.form({ text: letter.text, client_id: letter.id }) + uploads.join('');
    store.alone(letter, function (end) {
      ibolit.ask('POST', '/chats/' + letter.chat + '/messages', body, function (status, html) {
        end();
        if (!status || status >= 500) store.later();
        done(status, html);
      });
    });
  }

  function reasonOf(html) {
    var box = document.createElement('div'), why;
    box.innerHTML = html;
    why = box.querySelector('.foot__words, .field__error span');
    return why ? why.textContent.replace(/\.$/, '') : '';
  }

  // Of a chat that is not open: why it came back, and where its text is.
  function tellWhy(letter, why) {
    var box = document.createElement('div'), link;
    why = why ? why + '. ' : '';
    box.innerHTML = '<p class="notice notice--kept">' + ibolit.icon('alert') + '<span><span></span><a>Открыть чат</a></span></p>';
    box.querySelector('span span').textContent = why + 'Сообщение не отправлено, текст сохранён. ';
    link = box.querySelector('a');
    link.href = '/chats/' + letter.chat + '#end';
    document.getElementById('notices').innerHTML = box.innerHTML;
  }

  ibolit.letters = {
    waiting: waiting, waits: waits, newId: newId, keep: keep, drop: drop, draft: draft, takeBack: takeBack, refused: refused, post: post,
    tray: tray, keepTray: keepTray, postedByForm: postedByForm, forgetPosted: forgetPosted, seeIfPosted: seeIfPosted, keepIn: keepIn,
    tellWhy: tellWhy, forgetDraft: forgetDraft,
    hasOthers: function () { return store.hasOthers(); },
    isOnlyHere: function (letter) { return ibolit.isOnlyHere(keyOf(letter)); },
    ready: function (done) { store.ready(done); }
  };

  // One leaves a chat faster than a slow network takes the letter: any page sends what waits for a chat that is not open.
  ibolit.behaviour('letters', function (body) {
    var busy = false, again = ibolit.again(next);

    function next() {
      var composer = document.querySelector('.composer'), open = composer && composer.getAttribute('data-chat');
      var letter = waiting().filter(function (one) { return one.chat !== open; })[0];
      if (busy || !letter) return;
      busy = true;
      post(letter, function (status, html) {
        busy = false;
        if (status === 200) { again.well(); drop(letter); }
        else if (refused(status)) giveBack(letter, status, html);
        else { again.later(); return; }
        next();
      });
    }

    // What stands behind it in a chat whose time is over would be refused like it.
    function giveBack(letter, status, html) {
      takeBack(status === 409 ? waiting(letter.chat) : [letter]);
      tellWhy(letter, reasonOf(html));
    }

    // The socket may bring our own message before the answer does, or from another tab.
    function onTold(event) {
      var item = event.detail.item, id = item.getAttribute('data-client-id');
      if (id && item.hasAttribute('data-revision')) drop({ chat: item.getAttribute('data-list').split('-')[1], id: id });
    }

    body.addEventListener('ibolit:told', onTold);
    body.addEventListener('ibolit:unattended', next);
    body.addEventListener('htmx:wsOpen', next);
    window.addEventListener('online', next);
    store.ready(next);
  });
})();
