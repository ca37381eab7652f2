// A sheet over the page, closed by its cross, by Esc, by a press beside it, or by Back. What lies beneath stays as it was.
ibolit.behaviour('bottom-sheet', function (sheet) {
  'use strict';
  var panel = sheet.querySelector('.bottom-sheet__panel'), opener = document.activeElement, isClosing = false;

  function close() {
    if (!isClosing) history.back(); // and onBack does the rest: twice would leave the page
    isClosing = true;
  }

  // What stood in a menu that has closed since is reached by the menu.
  function wayBack(from) {
    var menu = from;
    while (menu && menu.tagName !== 'DETAILS') menu = menu.parentNode;
    return menu && !menu.hasAttribute('open') ? menu.querySelector('summary') : from;
  }

  function onBack() {
    ibolit.remove(sheet);
    if (opener && document.body.contains(opener)) wayBack(opener).focus();
  }

  function onPress(event) {
    if (event.target === sheet || sheet.querySelector('[data-close]').contains(event.target)) close();
  }

  function onKey(event) {
    if (event.keyCode === 27) close();
    if (event.keyCode === 9) turn(event);
  }

  // Tab walks round inside.
  function turn(event) {
    var stops = Array.prototype.filter.call(sheet.querySelectorAll('a[href], button, input, select, textarea'), function (one) {
      return one.offsetParent && !one.disabled;
    }), at = document.activeElement, last = stops[stops.length - 1];
    if (event.shiftKey ? at !== panel && at !== stops[0] && sheet.contains(at) : at !== last && sheet.contains(at)) return;
    event.preventDefault();
    (event.shiftKey ? last : stops[0]).focus();
  }

  // Whatever else moves the focus, it stays in the sheet.
  function onFocus(event) { if (!sheet.contains(event.target)) panel.focus(); }

  var heard = [[sheet, 'click', onPress], [document, 'keydown', onKey], [window, 'popstate', onBack]];
  heard.forEach(function (one) { one[0].addEventListener(one[1], one[2]); });
  document.addEventListener('focus', onFocus, true);
  if (!history.state || !history.state.sheet) history.pushState({ sheet: true }, '');
  panel.focus();
  return function () {
    heard.forEach(function (one) { one[0].removeEventListener(one[1], one[2]); });
    document.removeEventListener('focus', onFocus, true);
  };
});
