// Goes on with what was sent before its files had arrived, from any page: carries the files of chats that are not open, then
// makes a message of them, which goes as all messages do (pending-messages.js).
(() => {
  const library = document.body.getAttribute('data-tus'), begun = new Set();

  function isHere(errand) { return Boolean(document.querySelector(`.composer[data-chat="${errand.chat}"]`)); }

  function begin(errand) {
    const files = carrier(errand.chat, { endpoint: errand.uploads, library, most: errand.most });
    const leave = files.listen(look);
    begun.add(errand.id);
    files.sync();

    function look() {
      const still = ibolit.errands.of(errand.chat, errand.kind);
      if (!still || still.id !== errand.id) { leave(); return; } // taken back, or done in another tab
      if (!files.isSynced) return;
      const mine = files.items.filter((one) => (errand.kind === 'voice' ? one.id === errand.file : !one.voice));
      if (mine.some((one) => one.state === 'failed')) giveBack();
      else if (mine.every((one) => one.state === 'done')) send(mine);
    }

    // Without its files there is no message: an earlier page has sent it, or the device has lost them.
    function send(mine) {
      leave();
      if (mine.length) ibolit.pending.keep(errand.chat, errand.text, errand.id, files.named(mine));
      ibolit.errands.drop(errand);
      if (!mine.length) return;
      ibolit.pending.forgetDraft(errand.chat, errand.text);
      files.release(mine);
      htmx.trigger(document.body, 'ibolit:send-pending');
    }

    function giveBack() {
      leave();
      ibolit.errands.drop(errand);
      ibolit.pending.explain(errand, 'Не все файлы загрузились');
    }
  }

  function look() {
    ibolit.errands.all().filter((one) => !begun.has(one.id) && !isHere(one)).forEach(begin);
  }

  document.body.addEventListener('ibolit:pending', look);
  look();
})();
