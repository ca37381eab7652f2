// Good news goes by itself; bad news stays until it is replaced.
ibolit.behaviour('notice', function (notice) {
  'use strict';
  var timer = setTimeout(function () { notice.parentNode.removeChild(notice); }, 5000);
  return function () { clearTimeout(timer); };
});
