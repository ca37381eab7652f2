// Chips that scroll sideways begin where the chosen one is seen. Without scripts it comes first.
ibolit.behaviour('chosen-chip', function (chips) {
  'use strict';
  var chosen = chips.querySelector('.chip--on');
  if (chosen) chips.scrollLeft = chosen.offsetLeft - chips.offsetLeft - (chips.clientWidth - chosen.offsetWidth) / 2;
});
