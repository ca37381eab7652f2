// The open chat's messages on their way: shown as waiting bubbles, sent one after another, offered to be repeated.
ibolit.sendQueue = function (form) {
  'use strict';
  var chat = form.getAttribute('data-chat');
  var queue = [], busy = false, count = 0, isStopped = false, backoff = ibolit.backoff(sendNext);

  function pattern(selector) { return ibolit.pattern('chat-patterns', selector); }

  function bubbleOf(message) {
    return document.querySelector('.message--waiting[data-client-id="' + message.id + '"]');
  }

  function show(message) {
    var article = pattern('.message'), now = new Date(), box = document.createElement('div');
    article.id = 'waiting-' + message.id;
    count += 1;
    [['key', 1e12 + count], ['at', now.getTime()], ['day', today(now)], ['client-id', message.id]].forEach(function (one) {
      article.setAttribute('data-' + one[0], one[1]);
    });
    article.querySelector('.message__text').textContent = message.text;
    if (message.quoted) article.querySelector('.message__bubble').insertBefore(quoteOf(message), article.querySelector('.message__files'));
    (message.files || []).forEach(function (file) { article.querySelector('.message__files').appendChild(lineOf(file)); });
    box.appendChild(article);
    ibolit.applyFragment(box.innerHTML);
  }

  function lineOf(file) {
    var line = pattern(file.voice ? '.message__file--voice' : '.message__file');
    if (!file.voice) line.querySelector('span').textContent = file.name;
    return line;
  }

  function quoteOf(message) {
    var quote = pattern('.quote');
    ibolit.fillQuote(quote, message.quoted);
    return quote;
  }

  function two(number) { return (number < 10 ? '0' : '') + number; }
  function today(now) { return now.getFullYear() + '-' + two(now.getMonth() + 1) + '-' + two(now.getDate()); }

  function mark(message, failed) {
    var bubble = bubbleOf(message);
    if (!bubble) return;
    bubble.classList.toggle('message--sending', !failed);
    bubble.classList.toggle('message--failed', failed);
    bubble.setAttribute('aria-label', failed ? 'Вы, не отправлено' : 'Вы, отправляем');
    var line = bubble.querySelector('.message__failed');
    if (line) bubble.removeChild(line);
    if (!failed) return;
    line = pattern('.message__failed');
    line.querySelector('button').addEventListener('click', retry);
    bubble.appendChild(line);
    htmx.trigger(document.body, 'ibolit:resized');
  }

  function forget(message) {
    ibolit.pending.drop(message);
    prune();
  }

  // What the socket or another tab has settled is no longer ours to send.
  function prune() { queue = queue.filter(ibolit.pending.waits); }

  function sendNext() {
    var message = queue[0];
    if (busy || !message || isStopped) return;
    busy = true;
    ibolit.pending.post(message, function (status, html) {
      busy = false;
      if (status === 200) {
        backoff.reset();
        forget(message);
        ibolit.applyFragment(html);
        queue.forEach(function (one) { mark(one, false); });
        sendNext();
      } else if (ibolit.pending.refused(status)) {
        ibolit.pending.returnToDraft(status === 409 ? queue : [message]);
        prune();
        if (status === 409) htmx.trigger(document.body, 'chat:stale'); // the strip has not turned yet
        if (status !== 413) { ibolit.applyFragment(html); return; } // a foot: its composer goes on with the rest
        document.getElementById('notices').innerHTML = html;
        sendNext();
      } else if (queue[0] !== message) sendNext(); // the socket has brought it meanwhile
      else {
        queue.forEach(function (one) { mark(one, true); });
        backoff.later();
      }
    });
  }

  function retry() {
    queue.forEach(function (one) { mark(one, false); });
    sendNext();
  }

  document.body.addEventListener('ibolit:applied', prune);
  document.body.addEventListener('htmx:wsOpen', retry);
  window.addEventListener('online', retry);
  ibolit.pending.ready(function () {
    if (isStopped) return;
    queue = ibolit.pending.waiting(chat);
    queue.filter(function (message) { return !bubbleOf(message); }).forEach(show);
    retry();
  });

  return {
    send: function (text, id, files, quoted, isWarned) {
      var message = ibolit.pending.keep(chat, text, id, files, quoted, isWarned), list = document.getElementById('chat-' + chat + '-messages');
      // An old page of the history has no place for it: it is shown and sent at the end.
      if (list.hasAttribute('data-partial')) { ibolit.go('/chats/' + chat + '?end=1#end'); return; }
      queue.push(message);
      show(message);
      sendNext();
    },
    stop: function () {
      isStopped = true;
      backoff.cancel();
      document.body.removeEventListener('ibolit:applied', prune);
      document.body.removeEventListener('htmx:wsOpen', retry);
      window.removeEventListener('online', retry);
      if (queue.length) setTimeout(function () { htmx.trigger(document.body, 'ibolit:send-pending'); }, 0);
    }
  };
};
