// Messages on their way: sent one after another by the same form's address, kept on this device until the server has
// them, repeated with the same client id, so that nothing is lost and nothing doubled.
ibolit.outbox = function (form, onRefused) {
  'use strict';
  var chat = form.getAttribute('data-chat'), viewer = document.getElementById('chat-' + chat).getAttribute('data-viewer');
  var store = 'unsent:' + viewer + ':' + chat, queue = JSON.parse(ibolit.kept(store) || '[]'), busy = false, count = 0;

  function save() { ibolit.keep(store, queue.length ? JSON.stringify(queue) : ''); }

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
      '<div class="message__text"></div><span class="message__meta"><span class="ticks ticks--waiting">' +
      '<svg class="icon" width="24" height="24" aria-hidden="true"><use xlink:href="#i-clock"></use></svg>' +
      '<span class="sr">отправляем</span></span></span></div>';
    article.querySelector('.message__text').textContent = letter.text;
    var box = document.createElement('div');
    box.appendChild(article);
    ibolit.place(box.innerHTML);
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
  }

  function forget(letter) {
    var bubble = bubbleOf(letter);
    queue = queue.filter(function (one) { return one.id !== letter.id; });
    save();
    if (bubble) ibolit.remove(bubble);
  }

  function sendNext() {
    var letter = queue[0];
    if (busy || !letter) return;
    busy = true;
    mark(letter, false);
    ibolit.ask('POST', form.getAttribute('action'), ibolit.form({ text: letter.text, client_id: letter.id }),
      function (status, html) {
        busy = false;
        if (status === 200) {
          forget(letter);
          ibolit.place(html);
          sendNext();
        } else if (status === 409 || status === 422) {
          forget(letter);
          onRefused(letter.text, html);
        } else queue.forEach(function (one) { mark(one, true); });
      });
  }

  function retry() {
    queue.forEach(function (one) { mark(one, false); });
    sendNext();
  }

  // The socket may bring our own message before the answer does.
  function onTold(event) {
    var id = event.detail.item.getAttribute('data-client-id');
    if (id && !event.detail.item.classList.contains('message--waiting')) forget({ id: id });
  }

  document.body.addEventListener('ibolit:told', onTold);
  document.body.addEventListener('htmx:wsOpen', retry);
  window.addEventListener('online', retry);
  queue.forEach(show);
  retry();

  return {
    send: function (text, id) {
      var letter = { id: id, text: text };
      queue.push(letter);
      save();
      show(letter);
      sendNext();
    },
    stop: function () {
      document.body.removeEventListener('ibolit:told', onTold);
      document.body.removeEventListener('htmx:wsOpen', retry);
      window.removeEventListener('online', retry);
    }
  };
};
