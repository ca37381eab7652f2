// A notice of success goes after 5 seconds; one of a failure stays until it is replaced.
ibolit.behaviour('notice', function (notice) {
  'use strict';
  var timer = setTimeout(function () { notice.parentNode.removeChild(notice); }, 5000);
  return function () { clearTimeout(timer); };
});
