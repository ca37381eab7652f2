// What is typed into a chat and not sent, kept on the device, one for all tabs of the chat: a field in which everything is
// kept follows what another tab keeps, and what was sent there is not sent again unasked.
ibolit.draft = function (chat, field, changed) {
  'use strict';
  var key = ibolit.drafts.keyOf(chat), held = '';

  function fill(text) {
    field.value = held = text;
    changed();
  }

  function follow() {
    var kept = ibolit.getItem(key);
    if (kept !== held && field.value === held) fill(kept);
  }

  // An emptied field takes away only what it held; what was begun in a tab that slept comes after what it has missed.
  function keep() {
    var kept = ibolit.getItem(key);
    if (kept !== held && !field.value) return;
    if (kept !== held && kept) field.value = kept + '\n' + field.value;
    held = field.value;
    ibolit.setItem(key, held);
  }

  function write(text) {
    fill(text);
    ibolit.setItem(key, text);
  }

  // Takes away what has left, and leaves what another tab has written since.
  function sent() { write(ibolit.drafts.without(ibolit.getItem(key), held)); }

  function onStorage(change) { if (change.key === 'ibolit:' + key) follow(); }
  function onShow() { if (!document.hidden) follow(); }

  window.addEventListener('storage', onStorage);
  window.addEventListener('pageshow', onShow);
  document.addEventListener('visibilitychange', onShow);
  field.addEventListener('focus', follow);

  return {
    keep: keep,
    sent: sent,
    refill: function () { write(ibolit.getItem(key) || field.value); },
    // Nobody has told this tab that what it holds has left from another one, or was changed there.
    isGoneElsewhere: function () { return !!held && field.value === held && ibolit.getItem(key).indexOf(held) !== 0; },
    stop: function () {
      window.removeEventListener('storage', onStorage);
      window.removeEventListener('pageshow', onShow);
      document.removeEventListener('visibilitychange', onShow);
    }
  };
};
