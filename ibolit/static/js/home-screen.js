// «Добавить на главный экран»: offered when a message has been sent, by the browser's own prompt or, on iPhones, which have
// none, by a page with pictures. Who refused once is not asked again: the server keeps that in a cookie of its own, as a
// script's would not outlive a week there, nor signing out.
(function () {
  'use strict';
  var WORDS = 'Откройте iBolit одним нажатием: добавьте его значок на главный экран телефона.';
  var prompt = null;

  function isInstalled() {
    return navigator.standalone === true || !!window.matchMedia && matchMedia('(display-mode: standalone)').matches;
  }

  function isAnswered() { return document.cookie.indexOf('home-screen=') >= 0; }

  // Newer iPads say that they are Macs. asks first: maxTouchPoints (its absence is no touch)
  function isApple() {
    return 'standalone' in navigator && (/iP(hone|ad|od)/.test(navigator.userAgent) || navigator.maxTouchPoints > 1);
  }

  function answer(done) { ibolit.ask('POST', '/home-screen', 'answered=1', done); }
  function refuse() { answer(function () {}); }

  function install() {
    if (!prompt) { answer(function () { ibolit.go('/home-screen'); }); return; }
    prompt.prompt();
    prompt = null;
    refuse(); // whatever the browser is told now, we have asked
  }

  function offer() {
    if (!prompt && !isApple() || isInstalled() || isAnswered()) return;
    ibolit.promptBar('home-screen', WORDS, [
      { words: 'Добавить на главный экран', isMain: true, press: install },
      { words: 'Не нужно', press: refuse }
    ]);
  }

  window.addEventListener('beforeinstallprompt', function (event) {
    event.preventDefault();
    prompt = event;
  });
  // Before whoever else wants to offer something then: pushes come to iPhones only from the home screen.
  document.addEventListener('ibolit:applied', function (event) {
    var item = event.detail.item;
    if (item.hasAttribute('data-client-id') && item.hasAttribute('data-revision')) offer();
  }, true);
})();
