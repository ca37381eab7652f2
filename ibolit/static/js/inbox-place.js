// The list of chats remembers where one was. On a phone the way back from a chat leads to its row, under the filter that
// was chosen; on a wide screen the open chat's row is in sight, and j and k, or arrows, walk the rows.
ibolit.behaviour('inbox-place', function (inbox) {
  'use strict';
  var KEY = 'ibolit:row', MOST_PAGES = 5, asked = 0, place = null;
  var CAME_BACK = 2; // performance.navigation.type

  function isWide() { return !!window.matchMedia && matchMedia('(min-width: 56.25em)').matches; }

  function read() {
    try { return JSON.parse(sessionStorage.getItem(KEY)); } catch (error) { return null; }
  }

  function remember(event) {
    var row = event.target;
    while (row && !(row.classList && row.classList.contains('row'))) row = row.parentNode;
    if (!row || !row.id) return;
    try {
      sessionStorage.setItem(KEY, JSON.stringify({ id: row.id, top: row.getBoundingClientRect().top, search: location.search }));
    } catch (error) { /* forbidden: the list opens at its top */ }
  }

  function isBack() {
    var type = window.performance && performance.navigation && performance.navigation.type;
    return type === CAME_BACK || /\/chats\/\d+/.test(document.referrer);
  }

  // What was scrolled to may lie some pages down.
  function goBack() {
    var row = place && document.getElementById(place.id), more = inbox.querySelector('.more a');
    if (row) {
      window.scrollBy(0, row.getBoundingClientRect().top - place.top);
      place = null;
    } else if (place && more && asked < MOST_PAGES) {
      asked += 1;
      htmx.trigger(more, 'more');
    }
  }

  function showOpenRow() {
    var here = inbox.querySelector('.row--here'), list = document.querySelector('.split__list'), row, frame;
    if (!here || !list || !isWide()) return;
    row = here.getBoundingClientRect();
    frame = list.getBoundingClientRect();
    if (row.top < frame.top || row.bottom > frame.bottom) list.scrollTop += row.top - frame.top - (frame.height - row.height) / 2;
  }

  function onKey(event) {
    var at = document.activeElement, isInField = /^(INPUT|TEXTAREA|SELECT)$/.test(at.tagName), code = event.keyCode;
    var step = code === 74 || code === 40 ? 1 : code === 75 || code === 38 ? -1 : 0, isArrow = code === 38 || code === 40;
    if (event.defaultPrevented || event.ctrlKey || event.metaKey || event.altKey || !isWide()) return;
    if (code === 27 && at.classList.contains('composer__text')) { walk(0, null); return; }
    if (!step || isInField || (isArrow && !inbox.contains(at))) return;
    if (walk(step, inbox.contains(at) ? at : null)) event.preventDefault();
  }

  // From a link of a row, or from the row of the chat that is open.
  function walk(step, from) {
    var links = Array.prototype.slice.call(inbox.querySelectorAll('.row__link'));
    var index = links.indexOf(from || inbox.querySelector('.row--here .row__link')), next = links[index < 0 ? 0 : index + step];
    if (next) next.focus();
    return next;
  }

  var chat = document.querySelector('.chat'), back = document.querySelector('.chat__bar .bar__back');
  place = read();
  if (chat && back && place) back.search = place.search;
  if (chat || !place || isWide() || !isBack() || place.search !== location.search) place = null;
  goBack();
  showOpenRow();
  inbox.addEventListener('click', remember);
  inbox.addEventListener('htmx:afterSettle', goBack);
  document.addEventListener('keydown', onKey);
  return function () { document.removeEventListener('keydown', onKey); };
});
