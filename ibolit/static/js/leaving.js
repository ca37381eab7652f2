// Signing out leaves nothing on a borrowed phone; what is unsent is asked about first.
ibolit.behaviour('leaving', function (form) {
  'use strict';
  function ours() {
    try { return Object.keys(localStorage).filter(function (key) { return key.indexOf('ibolit:') === 0; }); } catch (error) { return []; }
  }
  form.addEventListener('submit', function (event) {
    if (ours().length && !confirm('Есть неотправленный текст. Выйти и стереть его?')) { event.preventDefault(); return; }
    ibolit.leaving = true;
    ours().forEach(function (key) { localStorage.removeItem(key); });
  });
});
