// One press instead of two pickers: an offered time fills in the day and the hour. Without scripts they are typed.
ibolit.behaviour('offered-times', function (box) {
  'use strict';
  var day = box.querySelector('[name=day]'), at = box.querySelector('[name=time]'), list = box.querySelector('.offered');
  if (!list) return;

  function show() {
    ibolit.each(list.children, function (chip) {
      var isChosen = chip.getAttribute('data-day') === day.value && chip.getAttribute('data-time') === at.value;
      chip.className = isChosen ? 'chip chip--on' : 'chip';
      chip.setAttribute('aria-pressed', isChosen);
    });
  }

  ibolit.each(list.children, function (chip) {
    chip.addEventListener('click', function () {
      day.value = chip.getAttribute('data-day');
      at.value = chip.getAttribute('data-time');
      htmx.trigger(at, 'change'); // the hint of the other's hour asks anew
    });
  });
  box.addEventListener('change', show);
  list.hidden = false;
  show();
});
