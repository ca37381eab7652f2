// A picture that does not come says so, and comes by itself when the storage is back.
(function () {
  'use strict';
  var OURS = /^\/files\//, SMALL = 150, SENTENCE = 'Фото пока не открылось. Попробуем ещё раз сами.', WORD = 'Не открылось';

  function wordsOf(image) {
    var next = image.nextElementSibling;
    return next && next.className === 'unshown' ? next : null;
  }

  function fail(image) {
    var words;
    if (image.tagName !== 'IMG' || !OURS.test(image.getAttribute('src') || '')) return;
    if (!image.ibolitBackoff) image.ibolitBackoff = ibolit.backoff(function () { retry(image); });
    image.ibolitBackoff.later();
    if (wordsOf(image) || image.className === 'viewer__stand-in') return;
    words = document.createElement('span');
    words.className = 'unshown';
    words.textContent = image.parentNode.offsetWidth > SMALL ? SENTENCE : WORD;
    image.classList.add('is-unshown');
    image.parentNode.insertBefore(words, image.nextSibling);
  }

  function retry(image) {
    if (!document.body.contains(image)) return;
    image.removeAttribute('loading'); // what is hidden would never be near
    image.src = image.getAttribute('src');
  }

  function succeed(image) {
    var words = image.ibolitBackoff && wordsOf(image);
    if (!image.ibolitBackoff) return;
    image.ibolitBackoff.reset();
    image.classList.remove('is-unshown');
    if (words) words.parentNode.removeChild(words);
  }

  document.addEventListener('error', function (event) { fail(event.target); }, true);
  document.addEventListener('load', function (event) { succeed(event.target); }, true);
  // Those that had failed before this script came.
  document.addEventListener('DOMContentLoaded', function () {
    ibolit.each(document.images, function (image) {
      if (image.complete && !image.naturalWidth && image.getAttribute('loading') !== 'lazy') fail(image);
    });
  });
})();
