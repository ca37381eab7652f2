// A quiet offer under the bar of the page: a sentence and what to press. One at a time; it covers nothing and waits.
ibolit.promptBar = function (name, sentence, actions) {
  'use strict';
  var before = document.getElementById('notices'), bar = document.createElement('div');
  if (!before || document.querySelector('.prompt-bar')) return;
  bar.className = 'prompt-bar prompt-bar--' + name;
  bar.setAttribute('role', 'status');
  bar.innerHTML = '<p class="prompt-bar__words"></p><p class="prompt-bar__actions"></p>';
  bar.firstChild.textContent = sentence;
  actions.forEach(function (action) {
    var button = document.createElement('button');
    button.type = 'button';
    button.className = 'button button--small ' + (action.isMain ? 'button--main' : 'button--quiet');
    button.textContent = action.words;
    button.addEventListener('click', function () { close(); action.press(); });
    bar.lastChild.appendChild(button);
  });
  before.parentNode.insertBefore(bar, before);
  htmx.trigger(document.body, 'ibolit:resized');

  function close() {
    ibolit.remove(bar);
    htmx.trigger(document.body, 'ibolit:resized');
  }
};
