// The button names the price of what is chosen.
ibolit.behaviour('chosen-price', function (form) {
  'use strict';
  var sum = form.querySelector('[data-sum]');
  function show() {
    var chosen = form.querySelector('[data-price]:checked');
    sum.textContent = chosen ? ' ' + chosen.getAttribute('data-price') : '';
  }
  form.addEventListener('change', show);
  window.addEventListener('pageshow', show); // browsers bring back what was chosen before
  show();
  return function () { window.removeEventListener('pageshow', show); };
});
