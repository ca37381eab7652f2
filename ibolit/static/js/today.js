// A doctor's day asks for itself anew when a consultation's card looks otherwise, and when the page was without its socket.
ibolit.behaviour('today', function (section) {
  'use strict';
  function pause(item) { return item.hasAttribute('data-phase') ? 300 : 0; }

  return ibolit.renewal(section.getAttribute('data-card'), pause).stop;
});
