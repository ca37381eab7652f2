// On a wide screen a chat opens beside the list, on Back too: the list stays as it is, with its place, its filter and all
// that was loaded, and only what stands beside it is exchanged. Elsewhere, and when anything is odd, it is a visit.
(function () {
  'use strict';
  var AT_WORK = '.attachment-tray__item, .composer--recording, .composer--recorded'; // what a left page hands on to the next
  var shown = location.pathname, asked = null;

  function isWide() { return !!window.matchMedia && matchMedia('(min-width: 56.25em)').matches; }

  function onClick(event) {
    var link = event.target;
    while (link && link.tagName !== 'A') link = link.parentNode;
    if (!link || !/(row__link|--next)( |$)/.test(link.className) || !document.querySelector('.split') || !isWide()) return;
    if (event.defaultPrevented || event.button || event.metaKey || event.ctrlKey || event.shiftKey || event.altKey) return;
    if (link.pathname === shown || document.querySelector(AT_WORK) || !htmx.trigger(document.body, 'ibolit:before-leave', { isInside: true })) return;
    event.preventDefault();
    show(link.href, true);
  }

  function onBack() {
    if (location.pathname === shown) return; // a sheet, or another place of this chat
    if (isWide() && !document.querySelector(AT_WORK) && /^\/(messages|chats\/\d+)$/.test(location.pathname)) show(location.href, false); else ibolit.go();
  }

  // Of two presses the last one counts.
  function show(url, isNew) {
    var xhr = new XMLHttpRequest();
    if (asked) asked.abort();
    asked = xhr;
    xhr.open('GET', url);
    xhr.timeout = 15000;
    xhr.onload = function () {
      var page = new DOMParser().parseFromString(xhr.responseText, 'text/html');
      if (xhr.status === 200 && isOfThisVersion(page)) exchange(page, xhr.responseURL || url, isNew); else visit(url, isNew);
    };
    xhr.onerror = xhr.ontimeout = function () { visit(url, isNew); };
    xhr.send();
  }

  function visit(url, isNew) { ibolit.go(isNew ? url : ''); }

  // A sign-in page, a gate's, another version's or a copy that the device keeps are shown by a visit.
  function isOfThisVersion(page) {
    var root = page.documentElement, now = document.documentElement;
    return page.querySelector('.split') && !root.hasAttribute('data-kept-at') &&
      root.getAttribute('data-version') === now.getAttribute('data-version');
  }

  function exchange(page, url, isNew) {
    var before = document.querySelector('.split'), after = document.importNode(page.querySelector('.split'), true);
    if (isNew) history.pushState({ pane: true }, '', url);
    shown = location.pathname;
    document.title = page.title;
    document.body.className = page.body.className;
    document.getElementById('notices').innerHTML = page.getElementById('notices').innerHTML;
    document.querySelector('.skip').setAttribute('href', page.querySelector('.skip').getAttribute('href'));
    if (!document.getElementById('sheet')) before.parentNode.insertAdjacentHTML('beforeend', '<div id="sheet"></div>');
    keepList(before.querySelector('.split__list'), after.querySelector('.split__list'), function () {
      ibolit.stop(before);
      before.parentNode.replaceChild(after, before);
    });
    if (after.querySelector('.chat')) document.activeElement.blur(); // the field one writes in takes the focus
    htmx.process(after);
    ibolit.scan(after);
    bringScripts(page, after);
  }

  // Of two filters the one stays that the address names.
  function keepList(before, after, exchangeAll) {
    var top = before.scrollTop, list = before.querySelector('.content'), fresh = after.querySelector('.content');
    if (after.parentNode.querySelector('.chat') || filterOf(list) === filterOf(fresh)) {
      before.removeChild(list);
      after.replaceChild(list, fresh);
    }
    exchangeAll();
    after.scrollTop = top;
    ibolit.each(after.querySelectorAll('.row[data-chat]'), function (row) {
      row.classList[row.querySelector('.row__link').pathname === shown ? 'add' : 'remove']('row--here');
    });
  }

  function filterOf(list) {
    var inbox = list.querySelector('#inbox');
    return inbox && inbox.getAttribute('data-shows');
  }

  // What an open chat needs and the list alone did not; begun by scan() once it is there.
  function bringScripts(page, after) {
    ibolit.each(page.head.querySelectorAll('script[type=module]'), function (wanted) {
      var src = wanted.getAttribute('src'), script = document.createElement('script');
      if (document.head.querySelector('script[src="' + src + '"]')) return;
      script.type = 'module';
      script.onload = function () { ibolit.scan(after); };
      script.src = src;
      document.head.appendChild(script);
    });
  }

  document.addEventListener('click', onClick);
  window.addEventListener('popstate', onBack);
})();
