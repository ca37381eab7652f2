// «печатает…» goes by itself when the next sign does not come.
ibolit.behaviour('typing', function (words) {
  'use strict';
  var timer = setTimeout(function () { words.textContent = ''; }, 5000);
  return function () { clearTimeout(timer); };
});
