// «Ответить»: what is answered stands over the field and goes with the next message; it is kept on this device as the draft is.
(function () {
  'use strict';

  function words(element) { return element ? element.textContent.replace(/\s+/g, ' ').replace(/^ | $/g, '') : ''; }

  function fill(quote, quoted) {
    quote.querySelector('.quote__who').textContent = quoted.who;
    quote.querySelector('.quote__text').textContent = quoted.text;
  }

  function quoteOf(link) {
    var article = link.parentNode.parentNode, author = document.getElementById('by-' + article.getAttribute('data-author'));
    return {
      seq: Number(article.getAttribute('data-key')), who: author ? author.getAttribute('data-who') : '',
      text: (words(article.querySelector('.message__text')) || link.getAttribute('data-said')).slice(0, 120)
    };
  }

  ibolit.fillQuote = fill;

  ibolit.behaviour('quoting', function (box) {
    var form = box.parentNode, chat = form.getAttribute('data-chat'), input = box.querySelector('input'), drafts = ibolit.drafts;

    function show() {
      var quoted = drafts.quote(chat);
      box.hidden = !quoted;
      input.value = quoted ? quoted.seq : '';
      if (quoted) fill(box, quoted);
      htmx.trigger(document.body, 'ibolit:resized');
    }

    function choose(quoted) {
      drafts.keepQuote(chat, quoted);
      show();
      form.querySelector('.composer__text').focus();
    }

    function onClick(event) {
      var link = event.target;
      while (link && link.nodeType === 1 && !link.classList.contains('message__reply')) link = link.parentNode;
      if (!link || link.nodeType !== 1 || event.ctrlKey || event.metaKey || event.shiftKey) return;
      event.preventDefault();
      choose(quoteOf(link));
    }

    if (input.value) drafts.keepQuote(chat, { seq: Number(input.value), who: words(box.querySelector('.quote__who')), text: words(box.querySelector('.quote__text')) });
    box.querySelector('.quoting__close').addEventListener('click', function (event) {
      event.preventDefault();
      choose(null);
    });
    document.addEventListener('click', onClick);
    document.body.addEventListener('ibolit:quote-left', show);
    document.body.addEventListener('ibolit:returned', show);
    show();
    return function () {
      document.removeEventListener('click', onClick);
      document.body.removeEventListener('ibolit:quote-left', show);
      document.body.removeEventListener('ibolit:returned', show);
    };
  });
})();
