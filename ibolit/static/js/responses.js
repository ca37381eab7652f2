// What htmx does with answers that are not 200, and requests of our own that speak like htmx.
(function () {
  'use strict';
  var GONE = '<p class="notice notice--bad">' + ibolit.icon('alert') +
    '<span>Нет связи. Проверьте интернет и попробуйте ещё раз.</span></p>';

  // A filter, a hotel's gate, a page of "we are being repaired" answer 200 as well. Only we send this header: without it
  // nobody knows what happened, and nothing of it is placed.
  function isOurs(xhr) { return !!xhr.getResponseHeader('X-iBolit'); }

  // Heard at the element that asks: by the time of the answer it may be in the page no more.
  document.addEventListener('htmx:beforeSend', function (event) { event.detail.elt.addEventListener('htmx:beforeOnLoad', receive); });

  function receive(event) {
    var xhr = event.detail.xhr, elsewhere = xhr.getResponseHeader('HX-Redirect');
    if (isOurs(xhr) && !elsewhere) return;
    event.preventDefault();
    if (isOurs(xhr)) ibolit.go(elsewhere); else showFailure();
  }

  // A form with its errors (422) or a rule's refusal takes the form's place; anything else is shown where the server says.
  document.addEventListener('htmx:beforeSwap', function (event) {
    var xhr = event.detail.xhr, status = xhr.status;
    // What the socket may have replaced before the answer came is no target: the answer finds its place by its id.
    if (event.detail.requestConfig.elt.hasAttribute('data-placed') && !xhr.getResponseHeader('HX-Retarget')) {
      event.detail.shouldSwap = false;
      event.detail.isError = false;
      if (status < 500) ibolit.applyFragment(xhr.responseText);
      return;
    }
    if (status < 400) return;
    var shown = status === 422 || status === 409 || status === 429 || xhr.getResponseHeader('HX-Retarget');
    event.detail.shouldSwap = !!shown;
    event.detail.isError = !shown;
  });

  document.addEventListener('htmx:sendError', showFailure);
  document.addEventListener('htmx:timeout', showFailure);
  document.addEventListener('htmx:wsOpen', clearFailure);
  window.addEventListener('online', clearFailure);
  document.addEventListener('htmx:afterOnLoad', function (event) {
    if (event.detail.xhr.status < 400 && isOurs(event.detail.xhr)) clearFailure();
  });

  function showFailure() {
    var notices = document.getElementById('notices');
    if (notices) notices.innerHTML = GONE;
  }

  // A notice of a failure goes as soon as an answer has come.
  function clearFailure() {
    ibolit.each(document.querySelectorAll('#notices .notice--bad'), function (notice) { notice.parentNode.removeChild(notice); });
  }

  // done(status, text); status 0 means that nobody knows what happened.
  ibolit.ask = function (method, url, body, done) {
    var xhr = new XMLHttpRequest(), headers = JSON.parse(document.body.getAttribute('hx-headers') || '{}');
    xhr.open(method, url);
    xhr.timeout = 15000;
    xhr.setRequestHeader('HX-Request', 'true');
    xhr.setRequestHeader('HX-Current-URL', location.href);
    if (body) xhr.setRequestHeader('Content-Type', 'application/x-www-form-urlencoded');
    Object.keys(headers).forEach(function (name) { xhr.setRequestHeader(name, headers[name]); });
    xhr.onload = function () {
      var elsewhere = xhr.getResponseHeader('HX-Redirect');
      if (!isOurs(xhr)) { done(0, ''); return; }
      if (elsewhere) ibolit.go(elsewhere); else done(xhr.status, xhr.responseText);
    };
    xhr.onerror = xhr.ontimeout = function () { done(0, ''); };
    xhr.send(body);
  };

  ibolit.form = function (fields) {
    return Object.keys(fields).map(function (name) {
      return encodeURIComponent(name) + '=' + encodeURIComponent(fields[name]);
    }).join('&');
  };
})();
