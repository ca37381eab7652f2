// What goes from the upper half of a chat, or from above it, leaves where they are the lines beneath.
ibolit.removeInPlace = function (element) {
  'use strict';
  var scroll = document.querySelector('.chat__scroll'), frame = scroll && scroll.getBoundingClientRect(), height = scroll && scroll.scrollHeight;
  var isAbove = scroll && element.getBoundingClientRect().bottom < (frame.top + frame.bottom) / 2;
  ibolit.remove(element);
  if (isAbove) scroll.scrollTop -= height - scroll.scrollHeight;
};

// The scroll of a chat: opens at the first unread, loads older pages without jumping, follows what is new.
ibolit.behaviour('history', function (scroll) {
  'use strict';
  var NEAR = 160, TURN = 24, chat = scroll.parentNode, list = scroll.querySelector('.messages'), toEnd = document.createElement('button'), count = document.createElement('span');
  var asked = 0, first = null, settled = true, fromBottom = 0, wasAtEnd = true, size = '', last = 0, news = [];

  function isAtEnd() { return scroll.scrollHeight - scroll.scrollTop - scroll.clientHeight < NEAR; }

  function goToEnd() {
    scroll.scrollTop = scroll.scrollHeight;
    wasAtEnd = true;
    last = scroll.scrollTop;
    offerEnd();
  }

  function open() {
    var target = location.hash.length > 1 && location.hash !== '#end' && document.getElementById(location.hash.slice(1));
    target = target || document.getElementById('unread');
    if (target) scroll.scrollTop += target.getBoundingClientRect().top - scroll.getBoundingClientRect().top - 60; else goToEnd();
  }

  // Without a network every scroll would ask again.
  function loadOlder() {
    var older = list.querySelector('.older a[hx-get]'), now = new Date().getTime();
    if (!older || scroll.scrollTop > 400 || now - asked < 3000) return;
    asked = now;
    htmx.trigger(older, 'older');
  }

  function onScroll() {
    offerEnd();
    turn();
    loadOlder();
  }

  // There whenever one is not at the end, with how many new messages lie below what is seen.
  function offerEnd() {
    var bottom = scroll.getBoundingClientRect().bottom, isEnd = isAtEnd();
    news = isEnd ? [] : news.filter(function (item) { return list.contains(item) && item.getBoundingClientRect().top > bottom; });
    toEnd.hidden = isEnd;
    count.hidden = !news.length;
    count.textContent = news.length;
    toEnd.setAttribute('aria-label', 'К последним сообщениям' + (news.length ? ', новых: ' + news.length : ''));
  }

  function isNews(item) { return item.classList.contains('message') && !item.classList.contains('message--mine'); }

  // Where there is little room the bar under the head leaves while one reads on, and comes back when one scrolls up; the
  // line one reads stays where it is.
  function turn() {
    var moved = scroll.scrollTop - last, above = scroll.getBoundingClientRect().top, isResized = size !== sizeNow();
    if (Math.abs(moved) < TURN) return;
    last += moved;
    size = sizeNow();
    if (isResized) return; // nobody scrolled
    chat.classList[moved > 0 ? 'add' : 'remove']('chat--down');
    chat.classList[moved > 0 ? 'remove' : 'add']('chat--up');
    scroll.scrollTop += scroll.getBoundingClientRect().top - above;
    last = scroll.scrollTop;
    size = sizeNow();
  }

  function sizeNow() { return scroll.clientHeight + ' ' + scroll.scrollHeight; }

  function beforeOlder() {
    first = list.querySelector('.message');
    fromBottom = scroll.scrollHeight - scroll.scrollTop;
  }

  // Heard once for every new element, the first time with all of them in place.
  function afterOlder() {
    if (!first) return;
    ibolit.regroup(first);
    last = scroll.scrollTop = scroll.scrollHeight - fromBottom;
    first = null;
    settled = false;
  }

  // Only now does htmx hear the new link: asked for earlier, the next page would not come.
  function afterSettle() {
    if (settled) return;
    settled = true;
    asked = 0;
    loadOlder();
  }

  function onApplied(event) {
    var item = event.detail.item;
    if (!event.detail.shown) return;
    if (!list.contains(item)) stay();
    else if (wasAtEnd || item.classList.contains('message--waiting')) goToEnd();
    else {
      if (isNews(item) && !event.detail.old) news.push(item);
      offerEnd();
    }
  }

  // Whoever reads the end stays there, whatever grows: a message, the composer, a keyboard.
  function stay() {
    var now = sizeNow();
    if (wasAtEnd && now !== size) goToEnd();
    size = now;
  }

  function remember() { wasAtEnd = isAtEnd(); }

  toEnd.type = 'button';
  toEnd.className = 'to-end';
  toEnd.hidden = true;
  toEnd.innerHTML = ibolit.icon('arrow-down');
  count.className = 'pill to-end__count';
  toEnd.appendChild(count);
  toEnd.addEventListener('click', goToEnd);
  scroll.parentNode.insertBefore(toEnd, scroll.nextSibling);

  scroll.addEventListener('scroll', onScroll);
  scroll.addEventListener('scroll', remember);
  list.addEventListener('htmx:beforeSwap', beforeOlder);
  list.addEventListener('htmx:afterSwap', afterOlder);
  list.addEventListener('htmx:afterSettle', afterSettle);
  document.body.addEventListener('ibolit:applied', onApplied);
  document.body.addEventListener('ibolit:resized', stay);
  window.addEventListener('resize', stay);
  if (document.getElementById('unread')) news = Array.prototype.filter.call(list.querySelectorAll('#unread ~ .message'), isNews);
  open();
  offerEnd();
  last = scroll.scrollTop;
  size = sizeNow();
  remember();
  setTimeout(loadOlder, 300);
  return function () {
    document.body.removeEventListener('ibolit:applied', onApplied);
    document.body.removeEventListener('ibolit:resized', stay);
    window.removeEventListener('resize', stay);
  };
});
