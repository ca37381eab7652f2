// «Следующий» over a doctor's composer is pressed by N as well, in the field one writes in by Alt+N.
ibolit.behaviour('next-waiting', function (bar) {
  'use strict';
  var N = 78;

  function onKey(event) {
    var isInField = /^(INPUT|TEXTAREA|SELECT)$/.test(document.activeElement.tagName);
    if (event.keyCode !== N || event.defaultPrevented || event.ctrlKey || event.metaKey || (isInField && !event.altKey)) return;
    event.preventDefault();
    bar.querySelector('a').click();
  }

  document.addEventListener('keydown', onKey);
  return function () { document.removeEventListener('keydown', onKey); };
});
