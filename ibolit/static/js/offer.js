// A quiet offer under the bar of the page: a sentence and what to press. One at a time; it covers nothing and waits.
ibolit.offer = function (name, sentence, actions) {
  'use strict';
  var before = document.getElementById('notices'), offer = document.createElement('div');
  if (!before || document.querySelector('.offer')) return;
  offer.className = 'offer offer--' + name;
  offer.setAttribute('role', 'status');
  offer.innerHTML = '<p class="offer__words"></p><p class="offer__actions"></p>';
  offer.firstChild.textContent = sentence;
  actions.forEach(function (action) {
    var button = document.createElement('button');
    button.type = 'button';
    button.className = 'button button--small ' + (action.isMain ? 'button--main' : 'button--quiet');
    button.textContent = action.words;
    button.addEventListener('click', function () { close(); action.press(); });
    offer.lastChild.appendChild(button);
  });
  before.parentNode.insertBefore(offer, before);
  htmx.trigger(document.body, 'ibolit:grown');

  function close() {
    ibolit.remove(offer);
    htmx.trigger(document.body, 'ibolit:grown');
  }
};
