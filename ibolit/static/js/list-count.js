// How much there is in a list, for who hears the page: «3 чата, 1 непрочитанный». What comes and goes is counted again.
ibolit.behaviour('list-count', function (heading) {
  'use strict';
  var list = document.getElementById(heading.getAttribute('data-of'));

  // «1 чат», «2 чата», «5 чатов», as formatting.plural does.
  function plural(count, words) {
    var last = count % 10, isTeen = count % 100 > 10 && count % 100 < 20, form = isTeen || last === 0 || last > 4 ? 2 : last === 1 ? 0 : 1;
    return count + '\u00a0' + words.split(' ')[form];
  }

  function look() {
    var all = list.querySelectorAll('li:not(.more)').length, unread = list.querySelectorAll('.row--unread').length;
    var said = (list.querySelector('.more') ? 'Показано: ' : '') + plural(all, heading.getAttribute('data-words'));
    if (unread) said += ', ' + plural(unread, 'непрочитанный непрочитанных непрочитанных');
    if (heading.textContent !== said) heading.textContent = said;
    heading.hidden = !all;
    if (all) list.setAttribute('role', 'list'); else list.removeAttribute('role'); // an empty one is none
  }

  document.body.addEventListener('ibolit:applied', look);
  document.body.addEventListener('htmx:afterSettle', look);
  return function () {
    document.body.removeEventListener('ibolit:applied', look);
    document.body.removeEventListener('htmx:afterSettle', look);
  };
});
