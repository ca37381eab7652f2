// Signing out wipes what this person has on the device; what is unsent is asked about first. Messages of somebody else who
// was signed in here stay for their owner (leftovers.js).
ibolit.behaviour('sign-out', function (form) {
  'use strict';
  var viewer = document.body.getAttribute('data-viewer'), QUIET = ['ibolit:speed', 'ibolit:lost:', 'ibolit:posted:']; // nobody's words, or a draft's

  function ours() {
    try { return Object.keys(localStorage).filter(function (key) { return key.indexOf('ibolit:') === 0; }); } catch (error) { return []; }
  }

  function ownerOf(key) { return (/^ibolit:[a-z]+:(\d+)(:|$)/.exec(key) || [])[1] || viewer; }
  function isMine(key) { return ownerOf(key) === viewer; }
  function isUnsent(key) { return isMine(key) && !QUIET.some(function (one) { return key.indexOf(one) === 0; }); }
  function staysForOthers(key) { return !isMine(key) && /^ibolit:(unsent|lost):/.test(key); }

  // The server asks the browser to wipe everything else of us, unless it is told of others.
  function tellOfOthers() {
    var field = document.createElement('input');
    field.type = 'hidden';
    field.name = 'others';
    field.value = '1';
    form.appendChild(field);
  }

  form.addEventListener('submit', function (event) {
    var isSomethingUnsent = ours().some(isUnsent) || ibolit.pending.waiting().length, isNobodyElse = !ibolit.pending.hasOthers();
    if (isSomethingUnsent && !confirm('Есть неотправленный текст или файлы. Выйти и стереть?')) { event.preventDefault(); return; }
    ibolit.signingOut = true;
    ibolit.leftovers.dropFiles();
    ibolit.pending.waiting().forEach(ibolit.pending.drop);
    ours().forEach(function (key) { if (!staysForOthers(key)) localStorage.removeItem(key); });
    if (ours().length || !isNobodyElse) tellOfOthers();
    // What was kept for reading without a network, also from a page without that script. asks first: caches
    if (window.caches) caches.keys().then(function (names) {
      names.forEach(function (name) { if (name.indexOf('kept-') === 0) caches.delete(name); });
    }, function () { /* forbidden: nothing is kept there */ });
    try {
      indexedDB.deleteDatabase('ibolit');
      if (isNobodyElse) indexedDB.deleteDatabase('ibolit-outbox');
    } catch (error) { /* an engine without it, or a forbidden one: nothing is kept there */ }
  });
});
