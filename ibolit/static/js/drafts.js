// What is written into a chat and not sent, as the device keeps it: the words, a list of the unsent files, and that a form
// has left with both. A draft is its author's: the other side may use the same browser.
ibolit.drafts = (function () {
  'use strict';
  var viewer = document.body.getAttribute('data-viewer');

  function key(kind, chat) { return kind + ':' + viewer + ':' + chat; }
  function keyOf(chat) { return key('draft', chat); }
  function words(chat) { return ibolit.getItem(keyOf(chat)); }
  function keep(chat, text) { ibolit.setItem(keyOf(chat), text); }

  // What is left of what is kept when these words have gone: what has been written behind them since.
  function without(kept, gone) { return (kept.indexOf(gone) === 0 ? kept.slice(gone.length) : kept).replace(/^\s+/, ''); }

  // To be read without asking the disk; the file store of the modern floor has the bytes.
  function files(chat) { return JSON.parse(ibolit.getItem(key('tray', chat)) || '[]'); }
  function keepFiles(chat, list) { ibolit.setItem(key('tray', chat), list.length ? JSON.stringify(list) : ''); }

  // What the next message answers, or null: its seq, and what the page shows of it.
  function quote(chat) { return JSON.parse(ibolit.getItem(key('quote', chat)) || 'null'); }
  function keepQuote(chat, quoted) { ibolit.setItem(key('quote', chat), quoted ? JSON.stringify(quoted) : ''); }

  // A form that the browser posts by itself, with files or before the scripts were there: its words are no draft any more
  // when the page shows its message. Kept as the form's id, a line's end, its words.
  function postedByForm(chat, id, text) { ibolit.setItem(key('posted', chat), id + '\n' + text); }
  function forgetPosted(chat) { ibolit.setItem(key('posted', chat), ''); }
  function seeIfPosted(chat) {
    var note = /^([^\n]+)(?:\n([^]*))?$/.exec(ibolit.getItem(key('posted', chat)));
    if (!note || !document.querySelector('.message--mine[data-client-id="' + note[1] + '"]')) return;
    forgetPosted(chat);
    keepQuote(chat, null);
    if (note[2] === undefined) keep(chat, ''); // an older version kept the id alone
    else leave(chat, note[2]);
  }

  // Sent from another page than the one it was typed on.
  function leave(chat, gone) { keep(chat, without(words(chat), gone)); }

  return {
    keyOf: keyOf, words: words, keep: keep, without: without, leave: leave, files: files, keepFiles: keepFiles,
    quote: quote, keepQuote: keepQuote,
    postedByForm: postedByForm, forgetPosted: forgetPosted, seeIfPosted: seeIfPosted
  };
})();
