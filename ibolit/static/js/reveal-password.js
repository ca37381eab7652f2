ibolit.behaviour('reveal-password', function (row) {
  'use strict';
  var field = row.querySelector('input'), eye = row.querySelector('.field__eye');
  eye.hidden = false;
  eye.addEventListener('click', function () {
    var shown = field.type === 'text';
    field.type = shown ? 'password' : 'text';
    eye.setAttribute('aria-pressed', String(!shown));
    eye.querySelector('use').setAttributeNS('http://www.w3.org/1999/xlink', 'href', shown ? '#i-eye' : '#i-eye-off');
    field.focus();
  });
});
