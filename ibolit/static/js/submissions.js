// What was sent before its files had arrived: that «Отправить» was pressed is kept on the device, and whatever page of the app
// is open goes on with it (modern/resume-submissions.js). `kind` is files, with the words of the field, or voice, which goes alone.
(function () {
  'use strict';
  var viewer = document.body.getAttribute('data-viewer'), MINE = 'pressed:' + viewer + ':';

  function keyOf(submission) { return MINE + submission.chat + ':' + submission.kind; }

  function all() { return ibolit.storedKeys(MINE).map(function (key) { return JSON.parse(ibolit.getItem(key)); }); }

  function changed() { htmx.trigger(document.body, 'ibolit:pending'); }

  ibolit.submissions = {
    all: all,
    of: function (chat, kind) { return JSON.parse(ibolit.getItem(keyOf({ chat: chat, kind: kind })) || 'null'); },
    keep: function (submission) {
      submission.at = submission.at || new Date().getTime();
      submission.device = document.body.getAttribute('data-device');
      ibolit.setItem(keyOf(submission), JSON.stringify(submission));
      changed();
      return submission;
    },
    drop: function (submission) {
      ibolit.setItem(keyOf(submission), '');
      changed();
    },
    // Kept by another tab, or done there.
    listen: function (told) {
      function hear(change) { if (change.key && change.key.indexOf('ibolit:' + MINE) === 0) told(); }
      window.addEventListener('storage', hear);
      return function () { window.removeEventListener('storage', hear); };
    }
  };

  document.addEventListener('ibolit:before-leave', function (event) {
    if (!event.detail.isInside && all().length) event.preventDefault();
  });
})();
