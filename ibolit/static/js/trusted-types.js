// Where an engine has Trusted Types, a page takes scripts from the clinic's own files alone, whoever asks for one.
// HTML goes through: it comes from the clinic, and no script in it runs (Content-Security-Policy).
(function () {
  'use strict';

  function ours(address) {
    var url = new URL(address, location.href);
    if (url.origin === location.origin && /^\/(assets\/|sw\.js$)/.test(url.pathname)) return address;
    throw new TypeError('Not a script of the clinic: ' + address);
  }

  if (window.trustedTypes) {
    trustedTypes.createPolicy('default', { createHTML: function (html) { return html; }, createScriptURL: ours });
  }
}());
