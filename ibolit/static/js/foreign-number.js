// Says before the press that no SMS goes to the country of the number being typed.
ibolit.behaviour('foreign-number', function (box) {
  'use strict';
  var field = box.querySelector('input'), words = box.querySelector('[data-words]');
  var codes = box.getAttribute('data-codes').split(' ');
  function isAbroad(typed) {
    var digits = typed.replace(/^\s*00/, '+').replace(/[^+\d]/g, '');
    return digits.charAt(0) === '+' && digits.length > 3 && codes.every(function (code) {
      return digits.lastIndexOf('+' + code, 0) !== 0;
    });
  }
  function look() { words.hidden = !isAbroad(field.value); }
  field.addEventListener('input', look);
  look();
});
