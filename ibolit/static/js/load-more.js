// The next page of a list comes when its end comes near. htmx's own `revealed` hears the window's scroll only, and takes
// the list that a phone hides beside a chat for one that is seen to its end.
ibolit.behaviour('load-more', function (item) {
  'use strict';
  var asked = 0;
  function look() {
    var now = new Date().getTime();
    if (!item.offsetParent || item.getBoundingClientRect().top > window.innerHeight + 400 || now - asked < 3000) return;
    asked = now; // without a network every scroll would ask again
    htmx.trigger(item.querySelector('a'), 'more');
  }
  document.addEventListener('scroll', look, true); // of a list inside the page, too
  window.addEventListener('resize', look);
  look();
  return function () {
    document.removeEventListener('scroll', look, true);
    window.removeEventListener('resize', look);
  };
});
