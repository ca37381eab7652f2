// The open chat's letters on their way: shown as waiting bubbles, sent one after another, offered to be repeated.
ibolit.outbox = function (form) {
  'use strict';
  var chat = form.getAttribute('data-chat'), viewer = document.body.getAttribute('data-viewer');
  var queue = [], busy = false, count = 0, isStopped = false, again = ibolit.again(sendNext);

  function bubbleOf(letter) {
    return document.querySelector('.message--waiting[data-client-id="' + letter.id + '"]');
  }

  function show(letter) {
    var article = document.createElement('article'), now = new Date();
    article.className = 'message message--mine message--waiting message--sending';
    article.id = 'waiting-' + letter.id;
    count += 1;
    [['list', 'chat-' + chat + '-messages'], ['key', 1e12 + count], ['author', viewer], ['at', now.getTime()],
      ['day', today(now)], ['client-id', letter.id]].forEach(function (one) { article.setAttribute('data-' + one[0], one[1]); });
    article.innerHTML = '<p class="message__day"><span>Сегодня</span></p><div class="message__bubble">' +
      '<div class="message__files"></div><div class="message__text"></div><span class="message__meta"><span class="ticks ticks--waiting">' +
      ibolit.icon('clock') + '<span class="sr">отправляем</span></span></span></div>';
    article.querySelector('.message__text').textContent = letter.text;
    (letter.files || []).forEach(function (file) { article.querySelector('.message__files').appendChild(lineOf(file)); });
    var box = document.createElement('div');
    box.appendChild(article);
    ibolit.place(box.innerHTML);
  }

  function lineOf(file) {
    var line = document.createElement('p');
    line.className = 'message__file';
    line.innerHTML = ibolit.icon(file.voice ? 'mic' : 'paperclip') + '<span></span>';
    line.lastChild.textContent = file.voice ? 'Голосовое сообщение' : file.name;
    return line;
  }

  function two(number) { return (number < 10 ? '0' : '') + number; }
  function today(now) { return now.getFullYear() + '-' + two(now.getMonth() + 1) + '-' + two(now.getDate()); }

  function mark(letter, failed) {
    var bubble = bubbleOf(letter);
    if (!bubble) return;
    bubble.classList.toggle('message--sending', !failed);
    bubble.classList.toggle('message--failed', failed);
    var line = bubble.querySelector('.message__failed');
    if (line) bubble.removeChild(line);
    if (!failed) return;
    line = document.createElement('p');
    line.className = 'message__failed';
    line.innerHTML = '<span>Не отправлено</span> <button class="message__retry" type="button">Повторить</button>';
    line.querySelector('button').addEventListener('click', retry);
    bubble.appendChild(line);
    htmx.trigger(document.body, 'ibolit:grown');
  }

  function forget(letter) {
    ibolit.letters.drop(letter);
    prune();
  }

  // What the socket or another tab has settled is no longer ours to send.
  function prune() { queue = queue.filter(ibolit.letters.waits); }

  function sendNext() {
    var letter = queue[0];
    if (busy || !letter || isStopped) return;
    busy = true;
    ibolit.letters.post(letter, function (status, html) {
      busy = false;
      if (status === 200) {
        again.well();
        forget(letter);
        ibolit.place(html);
        queue.forEach(function (one) { mark(one, false); });
        sendNext();
      } else if (ibolit.letters.refused(status)) {
        ibolit.letters.takeBack(status === 409 ? queue : [letter]);
        prune();
        if (status === 409) htmx.trigger(document.body, 'chat:stale'); // the strip has not turned yet
        if (status !== 413) { ibolit.place(html); return; } // a foot: its composer goes on with the rest
        document.getElementById('notices').innerHTML = html;
        sendNext();
      } else if (queue[0] !== letter) sendNext(); // the socket has brought it meanwhile
      else {
        queue.forEach(function (one) { mark(one, true); });
        again.later();
      }
    });
  }

  function retry() {
    queue.forEach(function (one) { mark(one, false); });
    sendNext();
  }

  document.body.addEventListener('ibolit:told', prune);
  document.body.addEventListener('htmx:wsOpen', retry);
  window.addEventListener('online', retry);
  ibolit.letters.ready(function () {
    if (isStopped) return;
    queue = ibolit.letters.waiting(chat);
    queue.filter(function (letter) { return !bubbleOf(letter); }).forEach(show);
    retry();
  });

  return {
    send: function (text, id, files) {
      var letter = ibolit.letters.keep(chat, text, id, files), list = document.getElementById('chat-' + chat + '-messages');
      // An old page of the history has no place for it: it is shown and sent at the end.
      if (list.hasAttribute('data-partial')) { ibolit.go('/chats/' + chat + '?end=1#end'); return; }
      queue.push(letter);
      show(letter);
      sendNext();
    },
    stop: function () {
      isStopped = true;
      again.rest();
      document.body.removeEventListener('ibolit:told', prune);
      document.body.removeEventListener('htmx:wsOpen', retry);
      window.removeEventListener('online', retry);
      if (queue.length) setTimeout(function () { htmx.trigger(document.body, 'ibolit:unattended'); }, 0);
    }
  };
};
