// A thin line on the page's top edge while anything is asked for.
(function () {
  'use strict';
  var asked = 0;

  function count(more) {
    asked += more;
    document.getElementById('progress').className = 'progress' + (asked ? ' progress--on' : '');
  }

  document.addEventListener('htmx:beforeSend', function (event) {
    count(1);
    event.detail.xhr.addEventListener('loadend', function () { count(-1); });
  });
}());
