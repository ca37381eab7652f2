// Puts what the server tells into the page, once and in order: an item of a list by its key, anything else in place of
// what has its id. Everything that arrives – over the socket, after a sending, after a gap – goes through here.
(function () {
  'use strict';

  // Messages of one author within a time that the list tells stand together; the first of a day says which day it is.
  function regroup(item) {
    if (!item || !item.classList.contains('message')) return;
    var before = item.previousElementSibling;
    while (before && !before.classList.contains('message')) before = before.previousElementSibling;
    var sameDay = before && before.getAttribute('data-day') === item.getAttribute('data-day');
    var near = sameDay && before.getAttribute('data-author') === item.getAttribute('data-author') &&
      item.getAttribute('data-at') - before.getAttribute('data-at') < item.parentNode.getAttribute('data-together');
    item.classList.toggle('message--new-day', !sameDay);
    item.classList.toggle('message--continues', !!near);
  }

  // A list says by what it is ordered, if not by the time of the last word.
  function key(item, list) { return Number(item.getAttribute((list && list.getAttribute('data-by')) || 'data-key')); }

  function neighbourAfter(list, item) {
    var down = list.getAttribute('data-order') === 'down', found = null;
    ibolit.each(list.children, function (other) {
      if (found || !other.hasAttribute('data-key')) return;
      if (down ? key(other, list) < key(item, list) : key(other, list) > key(item, list)) found = other;
    });
    return found;
  }

  // A list of pages takes only what belongs to those that are here: the rest comes with its own page. An old page of the
  // history takes only what changed on it: what is newer has no place there yet.
  function belongs(list, item) {
    var all = list.querySelectorAll('[data-key]'), isDown = list.getAttribute('data-order') === 'down', last;
    if (list.hasAttribute('data-partial') || !fits(list, item)) return false;
    if (!all.length) return true;
    if (list.querySelector('.older')) return key(item, list) > key(all[0], list);
    last = key(all[all.length - 1], list);
    return !list.querySelector('.more') || (isDown ? key(item, list) > last : key(item, list) < last);
  }

  // What the list was asked to show.
  function fits(list, item) {
    var only = list.getAttribute('data-shows');
    return !only || (' ' + item.getAttribute('data-fits') + ' ').indexOf(' ' + only + ' ') >= 0;
  }

  function intoList(list, item, old) {
    if (old ? key(old) > key(item) : !belongs(list, item)) return false; // what is drawn already may be newer
    if (old) remove(old);
    if (list.hasAttribute('data-leave') && !fits(list, item)) return false; // a queue: who has been answered leaves it
    var after = neighbourAfter(list, item);
    list.insertBefore(item, after || (list.classList.contains('rows') ? list.querySelector('.more') : null));
    regroup(item);
    regroup(item.nextElementSibling);
    return true;
  }

  function inPlaceOf(old, item) {
    var state = item.getAttribute('data-state');
    if (state && state === old.getAttribute('data-state')) return false; // a composer somebody is typing into
    ibolit.each(old.querySelectorAll('details[id][open]'), function (open) {
      var same = item.querySelector('#' + open.id); // what somebody has just opened stays open
      if (same) same.setAttribute('open', '');
    });
    ibolit.stop(old);
    old.parentNode.replaceChild(item, old);
    document.createElement('div').appendChild(old); // the answer to a press on it, still on its way, is swapped into nowhere
    return true;
  }

  function remove(item) {
    var next = item.nextElementSibling;
    ibolit.stop(item);
    item.parentNode.removeChild(item);
    regroup(next);
  }

  function put(item) {
    var list = document.getElementById(item.getAttribute('data-list')), old = item.id && document.getElementById(item.id);
    var held = old && old.contains(document.activeElement) ? document.activeElement : null;
    var link = held && item.querySelector('.row__link');
    var put = list ? intoList(list, item, old) : old ? inPlaceOf(old, item) : false;
    if (put) {
      htmx.process(item);
      ibolit.scan(item);
      if (link) link.focus(); // the focus of the keyboard stays on this row
    }
    htmx.trigger(document.body, 'ibolit:applied', { item: item, shown: put, old: old, held: held });
  }

  ibolit.remove = remove;
  ibolit.regroup = regroup;
  ibolit.applyFragment = function (html) {
    var box = document.createElement('div');
    box.innerHTML = html;
    ibolit.each(Array.prototype.slice.call(box.children), put);
  };

  document.addEventListener('htmx:wsBeforeMessage', function (event) {
    event.preventDefault();
    ibolit.applyFragment(event.detail.message);
  });
})();
