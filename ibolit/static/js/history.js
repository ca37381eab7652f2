// The scroll of a chat: opens at the first unread, loads older pages without jumping, follows what is new.
ibolit.behaviour('history', function (scroll) {
  'use strict';
  var NEAR = 160, list = scroll.querySelector('.messages'), fromBottom = 0, toEnd = document.createElement('button');

  function isAtEnd() { return scroll.scrollHeight - scroll.scrollTop - scroll.clientHeight < NEAR; }

  function goToEnd() {
    scroll.scrollTop = scroll.scrollHeight;
    toEnd.hidden = true;
  }

  function open() {
    var target = location.hash.length > 1 && location.hash !== '#end' && document.getElementById(location.hash.slice(1));
    target = target || document.getElementById('unread');
    if (target) scroll.scrollTop += target.getBoundingClientRect().top - scroll.getBoundingClientRect().top - 60; else goToEnd();
  }

  function loadOlder() {
    var older = list.querySelector('.older a[hx-get]');
    if (older && scroll.scrollTop < 400) htmx.trigger(older, 'older');
  }

  function onScroll() {
    if (isAtEnd()) toEnd.hidden = true;
    loadOlder();
  }

  function beforeOlder() { fromBottom = scroll.scrollHeight - scroll.scrollTop; }

  function afterOlder() {
    ibolit.each(list.querySelectorAll('.message'), ibolit.regroup);
    scroll.scrollTop = scroll.scrollHeight - fromBottom;
  }

  var wasAtEnd = true;
  function onTold(event) {
    var item = event.detail.item;
    if (!event.detail.shown || !list.contains(item)) return;
    if (wasAtEnd || item.classList.contains('message--mine')) goToEnd(); else toEnd.hidden = false;
  }

  function remember() { wasAtEnd = isAtEnd(); }

  toEnd.type = 'button';
  toEnd.className = 'to-end';
  toEnd.hidden = true;
  toEnd.setAttribute('aria-label', 'К последним сообщениям');
  toEnd.innerHTML = '<svg class="icon" width="24" height="24" aria-hidden="true"><use xlink:href="#i-arrow-down"></use></svg>';
  toEnd.addEventListener('click', goToEnd);
  scroll.parentNode.insertBefore(toEnd, scroll.nextSibling);

  scroll.addEventListener('scroll', onScroll);
  scroll.addEventListener('scroll', remember);
  list.addEventListener('htmx:beforeSwap', beforeOlder);
  list.addEventListener('htmx:afterSettle', afterOlder);
  document.body.addEventListener('ibolit:told', onTold);
  window.addEventListener('resize', function () { if (wasAtEnd) goToEnd(); });
  open();
  remember();
  setTimeout(loadOlder, 300);
  return function () { document.body.removeEventListener('ibolit:told', onTold); };
});
