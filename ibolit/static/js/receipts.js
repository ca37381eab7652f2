// Ticks both ways: what the other side has received and read is drawn here; what we received and read is told to the
// server, once a second at the most.
(function () {
  'use strict';
  var waiting = {}, timer = null, marks = {};

  // Only forward: what was rendered earlier may arrive later.
  function draw(message, mark) {
    var seq = Number(message.getAttribute('data-key')), ticks = message.querySelector('.ticks');
    var state = seq <= mark.read ? 'read' : seq <= mark.delivered ? 'delivered' : 'sent';
    if (!ticks || state === 'sent' || ticks.classList.contains('ticks--read') || ticks.classList.contains('ticks--' + state)) return;
    if (state === 'read') ibolit.each(message.querySelectorAll('.message__recall'), ibolit.removeInPlace); // too late
    ticks.parentNode.replaceChild(ibolit.pattern('chat-patterns', '.ticks--' + state), ticks);
  }

  ibolit.behaviour('receipts', function (told) {
    var chat = told.getAttribute('data-chat'), list = document.getElementById('chat-' + chat + '-messages');
    var mark = marks[chat] = marks[chat] || { read: 0, delivered: 0 };
    mark.read = Math.max(mark.read, Number(told.getAttribute('data-read-to')));
    mark.delivered = Math.max(mark.delivered, Number(told.getAttribute('data-delivered-to')));
    if (list) ibolit.each(list.querySelectorAll('.message--mine[data-revision]'), function (message) { draw(message, mark); });
  });

  function note(chat, seq, isRead, pause) {
    var one = waiting[chat] = waiting[chat] || { delivered_to: 0, read_to: 0 };
    one.delivered_to = Math.max(one.delivered_to, seq);
    if (isRead) one.read_to = Math.max(one.read_to, seq);
    if (!timer) timer = setTimeout(tell, pause || 1000);
  }

  function tell() {
    var all = waiting;
    waiting = {};
    timer = null;
    Object.keys(all).forEach(function (chat) {
      ibolit.ask('POST', '/chats/' + chat + '/receipts', ibolit.form(all[chat]), function (status) {
        if (!ibolit.isAway(status)) return;
        note(chat, all[chat].delivered_to, false, 5000);
        if (all[chat].read_to) note(chat, all[chat].read_to, true);
      });
    });
  }

  // What is above this page has not been seen: what is on it is not marked read past that.
  function skips(chat) { return !!document.querySelector('#chat-' + chat + '-messages[data-skips]'); }

  function chatOf(message) { return message.getAttribute('data-chat'); }

  document.addEventListener('ibolit:applied', function (event) {
    var item = event.detail.item, isMessage = item.classList.contains('message') && item.hasAttribute('data-revision');
    var chat = isMessage && chatOf(item), isMine = item.classList.contains('message--mine');
    if (isMine && marks[chat]) draw(item, marks[chat]);
    else if (isMessage && !isMine) note(chat, Number(item.getAttribute('data-key')), event.detail.shown && !document.hidden && !skips(chat));
  });

  // Back on the page: what arrived meanwhile is being read now.
  document.addEventListener('visibilitychange', function () {
    var all = document.querySelectorAll('.messages .message:not(.message--mine)'), last = all[all.length - 1];
    if (!document.hidden && last && !skips(chatOf(last))) note(chatOf(last), Number(last.getAttribute('data-key')), true);
  });
})();
