// Words that an ended sign-in has left in the queue: shown to nobody else, sent when their owner is back, wiped after a week,
// and the owner is told how many, without the words.
(function () {
  'use strict';
  var WEEK = 7 * 24 * 3600 * 1000, body = document.body;
  var viewer = body.getAttribute('data-viewer'), device = body.getAttribute('data-device');

  function keys() { return ibolit.storedKeys('unsent:').concat(ibolit.storedKeys('pressed:')); }
  function ownerOf(key) { return key.split(':')[1]; }

  // What waits within a sign-in waits as long as it takes.
  function isExpired(owner, thing) {
    var isOfThisSignIn = owner === viewer && (!thing.device || thing.device === device);
    return !isOfThisSignIn && new Date().getTime() - thing.at > WEEK;
  }

  function note(owner) { ibolit.setItem('lost:' + owner, String(Number(ibolit.getItem('lost:' + owner)) + 1)); }

  function wipe(key) {
    note(ownerOf(key));
    ibolit.setItem(key, '');
  }

  function tell() {
    var count = viewer && ibolit.getItem('lost:' + viewer), notices = document.getElementById('notices');
    if (!count || !notices) return;
    ibolit.setItem('lost:' + viewer, '');
    notices.innerHTML = '<p class="notice notice--kept">' + ibolit.icon('alert') + '<span></span></p>';
    notices.querySelector('span').textContent = 'За 7 дней без входа не отправлено и стёрто с этого устройства: сообщений – ' + count +
      '. Если они ещё нужны, напишите их заново.';
  }

  ibolit.leftovers = {
    isExpired: isExpired,
    note: note,
    tell: tell,
    // Somebody else signs out here: others' messages stay, files do not.
    hasOthers: function () { return keys().some(function (key) { return key.indexOf('unsent:') === 0 && ownerOf(key) !== viewer; }); },
    dropFiles: function () { keys().forEach(function (key) { if (key.indexOf('pressed:') === 0 && ownerOf(key) !== viewer) wipe(key); }); }
  };

  keys().forEach(function (key) { if (isExpired(ownerOf(key), JSON.parse(ibolit.getItem(key)))) wipe(key); });
  document.addEventListener('DOMContentLoaded', function () { setTimeout(tell, 0); });
})();
