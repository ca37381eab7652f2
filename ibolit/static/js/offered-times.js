// One press instead of two pickers: an offered time fills in the day and the hour. Without scripts they are typed.
// Where several may be offered and their fields are open, a press fills in the next that are empty, and takes back its own.
ibolit.behaviour('offered-times', function (box) {
  'use strict';
  var rows = box.querySelectorAll('.when'), more = box.querySelector('.more-times'), list = box.querySelector('.offered');
  if (!list) return;

  function day(row) { return row.querySelector('[name^=day]'); }
  function at(row) { return row.querySelector('[name^=time]'); }

  function rowOf(wantedDay, wantedTime) {
    for (var i = 0; i < rows.length; i++) if (day(rows[i]).value === wantedDay && at(rows[i]).value === wantedTime) return rows[i];
    return null;
  }

  function fill(row, newDay, newTime) {
    day(row).value = newDay;
    at(row).value = newTime;
    htmx.trigger(at(row), 'change'); // the hint of the other's hour asks anew
  }

  function press(chip) {
    var wantedDay = chip.getAttribute('data-day'), wantedTime = chip.getAttribute('data-time'), its = rowOf(wantedDay, wantedTime);
    if (!more || !more.open) fill(rows[0], wantedDay, wantedTime);
    else if (!its) fill(rowOf('', '') || rows[rows.length - 1], wantedDay, wantedTime);
    else if (its !== rows[0]) fill(its, '', '');
  }

  function show() {
    ibolit.each(list.children, function (chip) {
      var isChosen = !!rowOf(chip.getAttribute('data-day'), chip.getAttribute('data-time'));
      chip.className = isChosen ? 'chip chip--on' : 'chip';
      chip.setAttribute('aria-pressed', isChosen);
    });
  }

  ibolit.each(list.children, function (chip) {
    chip.addEventListener('click', function () { press(chip); });
  });
  box.addEventListener('change', show);
  list.hidden = false;
  show();
});
