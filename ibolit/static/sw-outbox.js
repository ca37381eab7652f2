/* Sends what waits when the network is back and no page is there to do it: by the same form, to the same address, with the
   same client id. The letters are in the mailbag (js/modern/lib/mailbag.js); what the server refuses stays in it for a
   page, which says why and gives the text back. */
const outbox = (() => {
  const PATIENCE = 20000;

  /* What it throws makes the browser try again later. */
  async function send() {
    const letters = await mailbag.all();
    if (!letters.length) return;
    const answer = await ask('/worker/pass');
    if (answer.status === 401) { await kept.wipe(); return; } // until somebody signs in
    if (!answer.ok) throw new Error('no pass');
    const pass = await answer.json(), stuck = new Set();
    for (const letter of letters.filter((one) => one.viewer === String(pass.viewer))) {
      if (!stuck.has(letter.chat) && !await deliver(letter, pass)) stuck.add(letter.chat);
    }
  }

  /* The pass is of this session only: if somebody else signs in meanwhile, the server does not believe it. */
  function deliver(letter, pass) {
    return mailbag.exclusively(letter.chat, async () => {
      const isThere = await patience.within(mailbag.has(letter.id), null); // pages wait for us to let go of their chat
      if (isThere === null) throw new Error('the disk is silent');
      if (!isThere) return true; // a page has sent it
      const answer = await ask(`/chats/${letter.chat}/messages`, {
        method: 'POST',
        headers: { 'HX-Request': 'true', 'X-CSRFToken': pass.token, 'Content-Type': 'application/x-www-form-urlencoded' },
        body: mailbag.form(letter)
      });
      if (answer.status >= 500) throw new Error('not now');
      const html = await answer.text();
      if (answer.status !== 200 || answer.headers.has('HX-Redirect') || !html.includes('data-client-id')) return false;
      await patience.within(mailbag.remove(letter.id));
      mailbag.tell({ gone: letter.id, chat: letter.chat, html });
      return true;
    });
  }

  /* Over https the server believes a form only with its Referer. */
  function ask(path, more) {
    const stop = new AbortController(), timer = setTimeout(() => stop.abort(), PATIENCE);
    const asked = fetch(path, Object.assign({ credentials: 'same-origin', referrerPolicy: 'same-origin', signal: stop.signal }, more));
    asked.catch(() => {}).then(() => clearTimeout(timer));
    return asked.then(ours);
  }

  self.addEventListener('sync', (event) => { if (event.tag === mailbag.NAME) event.waitUntil(send()); });

  return { send };
})();
