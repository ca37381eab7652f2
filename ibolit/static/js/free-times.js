// An open page of free times asks for them anew when some of this doctor's were taken or let go.
ibolit.behaviour('free-times', function (section) {
  'use strict';
  function pause(item) {
    var isOurs = item.getAttribute('data-free-times') === section.getAttribute('data-doctor');
    return isOurs ? 300 + Math.random() * 700 : 0; // not all of them at once
  }

  return ibolit.renewal(section.getAttribute('data-card'), pause).stop;
});
