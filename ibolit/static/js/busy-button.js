// A pressed button says that it works, keeps its width, and is not pressed twice.
ibolit.behaviour('busy-button', function (form) {
  'use strict';
  var button = form.querySelector('[data-busy]'), words = button.textContent;
  function press() {
    setTimeout(function () {
      button.style.minWidth = button.offsetWidth + 'px';
      button.textContent = button.getAttribute('data-busy');
      button.disabled = true;
    }, 0);
  }
  function free() {
    button.textContent = words;
    button.disabled = false;
  }
  form.addEventListener('submit', press);
  window.addEventListener('pageshow', free);
  return function () { window.removeEventListener('pageshow', free); };
});
