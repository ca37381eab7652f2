// A code that is whole goes by itself, once; what the server has refused is typed anew.
ibolit.behaviour('six-digits', function (form) {
  'use strict';
  var field = form.querySelector('[autocomplete="one-time-code"]'), sent = '';
  function look() {
    var digits = field.value.replace(/\s/g, '');
    if (!/^\d{6}$/.test(digits) || digits === sent) return;
    sent = digits;
    form.querySelector('[type=submit]').click();
  }
  field.addEventListener('input', look);
});
