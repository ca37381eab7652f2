// Signing out leaves nothing on a borrowed phone; what is unsent is asked about first.
ibolit.behaviour('leaving', function (form) {
  'use strict';
  function ours() {
    try { return Object.keys(localStorage).filter(function (key) { return key.indexOf('ibolit:') === 0; }); } catch (error) { return []; }
  }
  function isUnsent(key) { return key !== 'ibolit:speed'; } // of voice messages: nobody's words
  form.addEventListener('submit', function (event) {
    var isSomethingUnsent = ours().some(isUnsent) || ibolit.letters.waiting().length;
    if (isSomethingUnsent && !confirm('Есть неотправленный текст или файлы. Выйти и стереть?')) { event.preventDefault(); return; }
    ibolit.leaving = true;
    ours().forEach(function (key) { localStorage.removeItem(key); });
    // What was kept for reading without a network, also from a page without that script. asks first: caches
    if (window.caches) caches.keys().then(function (names) {
      names.forEach(function (name) { if (name.indexOf('kept-') === 0) caches.delete(name); });
    }, function () { /* forbidden: nothing is kept there */ });
    try { ['ibolit', 'ibolit-outbox'].forEach(function (name) { indexedDB.deleteDatabase(name); }); } catch (error) { /* an engine without it, or a forbidden one: nothing is kept there */ }
  });
});
