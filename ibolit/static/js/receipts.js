// Ticks both ways: what the other side has received and read is drawn here; what we received and read is told to the
// server, once a second at the most.
(function () {
  'use strict';
  var WORDS = { read: 'прочитано', delivered: 'доставлено', sent: 'отправлено' }, waiting = {}, timer = null;

  function draw(message, state) {
    var ticks = message.querySelector('.ticks');
    if (!ticks || ticks.classList.contains('ticks--' + state)) return;
    ticks.className = 'ticks ticks--' + state;
    ticks.querySelector('.sr').textContent = WORDS[state];
  }

  ibolit.behaviour('receipts', function (mark) {
    var list = document.getElementById('chat-' + mark.getAttribute('data-chat') + '-messages');
    var read = Number(mark.getAttribute('data-read-to')), delivered = Number(mark.getAttribute('data-delivered-to'));
    if (!list) return;
    ibolit.each(list.querySelectorAll('.message--mine[data-revision]'), function (message) {
      var seq = Number(message.getAttribute('data-key'));
      draw(message, seq <= read ? 'read' : seq <= delivered ? 'delivered' : 'sent');
    });
  });

  function note(chat, seq, isRead) {
    var one = waiting[chat] = waiting[chat] || { delivered_to: 0, read_to: 0 };
    one.delivered_to = Math.max(one.delivered_to, seq);
    if (isRead) one.read_to = Math.max(one.read_to, seq);
    if (!timer) timer = setTimeout(tell, 1000);
  }

  function tell() {
    var all = waiting;
    waiting = {};
    timer = null;
    Object.keys(all).forEach(function (chat) {
      ibolit.ask('POST', '/chats/' + chat + '/receipts', ibolit.form(all[chat]), function (status) {
        if (!status) note(chat, all[chat].delivered_to, all[chat].read_to > 0);
      });
    });
  }

  function chatOf(message) { return message.getAttribute('data-list').split('-')[1]; }

  document.addEventListener('ibolit:told', function (event) {
    var item = event.detail.item;
    if (!item.classList.contains('message') || item.classList.contains('message--mine')) return;
    note(chatOf(item), Number(item.getAttribute('data-key')), event.detail.shown && !document.hidden);
  });

  // Back on the page: what arrived meanwhile is being read now.
  document.addEventListener('visibilitychange', function () {
    var all = document.querySelectorAll('.messages .message:not(.message--mine)'), last = all[all.length - 1];
    if (!document.hidden && last) note(chatOf(last), Number(last.getAttribute('data-key')), true);
  });
})();
