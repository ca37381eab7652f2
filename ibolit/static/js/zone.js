// Tells the server where the device is, so that times are shown as on its own clock.
(function () {
  'use strict';
  var zone = window.Intl && Intl.DateTimeFormat && Intl.DateTimeFormat().resolvedOptions().timeZone;
  if (zone) document.cookie = 'zone=' + zone + ';path=/;max-age=31536000;samesite=lax';
})();
