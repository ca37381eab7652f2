// The page that stands in for all others without a network goes as soon as the clinic answers again.
ibolit.behaviour('offline', function (link) {
  'use strict';
  var timer = setInterval(look, 5000);
  function look() {
    ibolit.ask('GET', '/healthz', null, function (status) { if (status === 200) open(); });
  }
  // It stands at the address of the page that was wanted.
  function open() {
    ibolit.go(location.pathname === '/offline' ? link.href : '');
  }
  link.addEventListener('click', function (event) {
    event.preventDefault();
    open();
  });
  window.addEventListener('online', look);
  return function () { clearInterval(timer); };
});
