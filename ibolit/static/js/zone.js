// The server writes times in the person's own zone. To ask for it is the dearest line of the start: the engine opens its
// tables of all zones for it. So it is asked when the page has shown itself.
window.addEventListener('load', function () {
  'use strict';
  setTimeout(function () {
    var zone = window.Intl && Intl.DateTimeFormat && Intl.DateTimeFormat().resolvedOptions().timeZone;
    if (zone) document.cookie = 'zone=' + zone + ';path=/;max-age=31536000;samesite=lax';
  }, 0);
});
