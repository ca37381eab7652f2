// Goes on with what was sent before its files had arrived, from any page: carries the files of chats that are not open, then
// makes a message of them, which goes as all messages do (pending-messages.js).
import { uploader } from './lib/uploader.js';

const library = document.body.getAttribute('data-tus'), begun = new Set();

function isHere(submission) { return Boolean(document.querySelector(`.composer[data-chat="${submission.chat}"]`)); }

function begin(submission) {
  const files = uploader(submission.chat, { endpoint: submission.uploads, library, most: submission.most });
  const leave = files.listen(look);
  begun.add(submission.id);
  files.sync();

  function look() {
    const still = ibolit.submissions.of(submission.chat, submission.kind);
    if (!still || still.id !== submission.id) { leave(); return; } // taken back, or done in another tab
    if (!files.isSynced) return;
    const mine = files.items.filter((one) => (submission.kind === 'voice' ? one.id === submission.file : !one.voice));
    if (mine.some((one) => one.state === 'failed')) giveBack();
    else if (mine.every((one) => one.state === 'done')) send(mine);
  }

  // Without its files there is no message: an earlier page has sent it, or the device has lost them.
  function send(mine) {
    leave();
    if (mine.length) ibolit.pending.keep(submission.chat, submission.text, submission.id, files.described(mine), quoteOf(submission));
    ibolit.submissions.drop(submission);
    if (!mine.length) return;
    ibolit.drafts.leave(submission.chat, submission.text);
    files.release(mine);
    htmx.trigger(document.body, 'ibolit:send-pending');
  }

  // The words of the field take along what they answer; what was spoken goes without.
  function quoteOf({ chat, kind }) {
    const quoted = kind === 'files' ? ibolit.drafts.quote(chat) : null;
    if (quoted) ibolit.drafts.keepQuote(chat, null);
    return quoted;
  }

  function giveBack() {
    leave();
    ibolit.submissions.drop(submission);
    ibolit.pending.explain(submission, 'Не все файлы загрузились');
  }
}

function look() {
  ibolit.submissions.all().filter((one) => !begun.has(one.id) && !isHere(one)).forEach(begin);
}

document.body.addEventListener('ibolit:pending', look);
look();
