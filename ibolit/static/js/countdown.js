// When a chat's time turns – the last day begins, the end comes – the page asks how it stands. Counted on the server's clock.
ibolit.behaviour('countdown', function (bar) {
  'use strict';
  var left = Number(bar.getAttribute('data-at')) - Number(bar.getAttribute('data-now'));
  var longest = 86400000, timer;
  if (!Number(bar.getAttribute('data-at'))) return null;
  function wait() {
    var step = Math.min(Math.max(left, 0) + 300, longest);
    left -= step;
    timer = setTimeout(left > 0 ? wait : function () { htmx.trigger(document.body, 'chat:stale'); }, step);
  }
  wait();
  return function () { clearTimeout(timer); };
});

// What may be done for so long only goes away by itself.
ibolit.behaviour('passing', function (form) {
  'use strict';
  var timer = setTimeout(function () {
    if (form.contains(document.activeElement)) document.activeElement.blur();
    ibolit.removeInPlace(form);
    htmx.trigger(document.body, 'ibolit:resized');
  }, Number(form.getAttribute('data-minutes')) * 60000);
  return function () { clearTimeout(timer); };
});

// A new code may be asked for after a minute; the button says so itself.
ibolit.behaviour('resend', function (words) {
  'use strict';
  var left = Number(words.getAttribute('data-seconds')), button = words.parentNode.querySelector('button'), timer;
  function tick() {
    words.querySelector('[data-wait]').hidden = left <= 0;
    words.querySelector('[data-left]').textContent = left;
    button.disabled = left > 0;
    if (left > 0) timer = setTimeout(tick, 1000);
    left -= 1;
  }
  tick();
  return function () { clearTimeout(timer); };
});
