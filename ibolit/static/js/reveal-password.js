ibolit.behaviour('reveal-password', function (row) {
  'use strict';
  var field = row.querySelector('input'), eye = row.querySelector('.field__eye');
  eye.hidden = false;
  eye.addEventListener('click', function () {
    var shown = field.type === 'text';
    field.type = shown ? 'password' : 'text';
    eye.setAttribute('aria-pressed', String(!shown));
    ibolit.draw(eye, shown ? 'eye' : 'eye-off');
    field.focus();
  });
});
