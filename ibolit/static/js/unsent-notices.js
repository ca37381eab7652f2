// What has not left is said: in its chat's row, and wherever one is when no storage has taken it and closing the page would lose
// it. What is sent within 1.5 s is not mentioned.
(function () {
  'use strict';
  var SOON = 1500, timer = null;

  function isOld(thing) { return new Date().getTime() - thing.at > SOON; }

  function isLost(message) { return ibolit.pending.isOnlyHere(message); }

  function warn(messages) {
    var notices = document.getElementById('notices'), old = document.querySelector('.notice--here');
    if (old && !messages.length) notices.removeChild(old);
    if (old || !messages.length) return;
    notices.innerHTML = '<p class="notice notice--kept notice--here">' + ibolit.icon('alert') + '<span></span></p>';
    notices.querySelector('span').textContent = 'Сообщение хранится только на этой странице, не закрывайте её.';
    htmx.trigger(document.body, 'ibolit:resized');
  }

  function draw() {
    var composer = document.querySelector('.composer'), here = composer && composer.getAttribute('data-chat');
    var things = ibolit.pending.waiting().concat(ibolit.submissions.all()), chats = {};
    things.filter(isOld).forEach(function (thing) { if (thing.chat !== here) chats[thing.chat] = true; });
    ibolit.each(document.querySelectorAll('.row[data-list="chats"]'), function (row) {
      var body = row.querySelector('.row__body'), mark = body.querySelector('.row__unsent'), waits = chats[row.getAttribute('data-chat')];
      if (mark && !waits) body.removeChild(mark);
      if (!mark && waits) body.appendChild(ibolit.pattern('row-patterns', '.row__unsent'));
    });
    warn(ibolit.pending.waiting().filter(isOld).filter(isLost));
    clearTimeout(timer);
    if (!things.every(isOld)) timer = setTimeout(draw, SOON);
  }

  document.addEventListener('ibolit:applied', function (event) { if (event.detail.item.classList.contains('row')) draw(); });
  document.addEventListener('ibolit:pending', draw);
  document.addEventListener('ibolit:before-leave', function (event) {
    if (ibolit.pending.waiting().some(isLost)) event.preventDefault();
  });
  document.addEventListener('htmx:afterSwap', draw);
  ibolit.behaviour('inbox-unsent', function () { ibolit.pending.ready(draw); });
})();
