// Leaving is asked once: by the page when «завершить» or Back is pressed, by the browser when the tab is closed. And one
// leaves only when the clinic answers: a call that goes on is not replaced by the browser's page of errors.
export class LeaveDialog {
  constructor(call) {
    const { parts } = call;
    this.call = call;
    this.parts = parts;
    this.dialog = parts.get('leave-dialog');
    this.isMeant = false;
    this.turn = 0;       // of the latest wish to leave; 0 while one stays
    parts.on('end', () => this.ask());
    parts.on('stay', () => this.stay());
    this.heard = [
      [parts.main, 'click', (event) => this.onLink(event)],
      [parts.main, 'submit', (event) => this.onForm(event)],
      [this.dialog, 'click', (event) => { if (event.target === this.dialog) this.stay(); }],
      [document, 'keydown', (event) => this.onKey(event)],
      [window, 'popstate', () => this.onBack()],
      [window, 'beforeunload', (event) => this.onUnload(event)]
    ];
    this.heard.forEach(([where, name, act]) => where.addEventListener(name, act));
    if (!history.state || !history.state.call) history.pushState({ call: true }, '');
  }

  mean() { this.isMeant = true; }

  get isUnderWay() { return this.isMeant || Boolean(this.turn); }

  onLink(event) {
    const link = event.target.closest('a[data-leaves]');
    if (!link || event.ctrlKey || event.metaKey || event.shiftKey) return;
    event.preventDefault();
    this.leave(() => fetch(link.href, { credentials: 'same-origin', cache: 'no-store' }), () => ibolit.go(link.href));
  }

  // What ends the call is posted from here; any other form leads on by itself as soon as there is somebody to lead it.
  onForm(event) {
    const form = event.target;
    if (!form.hasAttribute('data-leaves')) return;
    event.preventDefault();
    if (form.getAttribute('data-leaves') === 'ends') this.leave(() => this.post(form), (answer) => ibolit.go(answer.headers.get('HX-Redirect') || this.parts.main.dataset.card));
    else this.leave(() => fetch('/healthz', { cache: 'no-store' }), () => form.submit());
  }

  post(form) {
    const body = new URLSearchParams();
    new FormData(form).forEach((value, name) => body.append(name, value));
    return fetch(form.action, { method: 'POST', credentials: 'same-origin', body, headers: { 'HX-Request': 'true' } });
  }

  async leave(tryOut, go) {
    const turn = this.turn = (this.latest = (this.latest || 0) + 1);
    for (let tries = 0; this.turn === turn; tries += 1) {
      const answer = await this.answer(tryOut);
      if (this.turn !== turn) return;
      if (answer && answer.status < 500) { this.mean(); go(answer); return; }
      this.tellOfWaiting(true);
      await new Promise((done) => setTimeout(done, Math.min(1000 + 500 * tries, 4000)));
    }
  }

  // Nothing but an answer counts, and a line that was cut gives none.
  answer(tryOut) {
    const late = setTimeout(() => { if (this.turn) this.tellOfWaiting(true); }, 2500);
    return Promise.race([tryOut().catch(() => null), new Promise((done) => setTimeout(done, 8000, null))]).then((answer) => { clearTimeout(late); return answer; });
  }

  tellOfWaiting(isWaiting) {
    this.parts.show('leave-dialog-consultation', this.call.isConnected);
    this.parts.show('leave-dialog-waits', isWaiting);
    if (isWaiting) this.ask();
  }

  ask() {
    if (!this.dialog.hidden) return;
    this.opener = document.activeElement;
    this.dialog.hidden = false;
    this.dialog.querySelector('.bottom-sheet__panel').focus();
  }

  stay() {
    this.turn = 0;
    this.tellOfWaiting(false);
    this.dialog.hidden = true;
    if (this.opener && this.opener.focus) this.opener.focus();
  }

  onKey(event) {
    if (this.dialog.hidden) return;
    if (event.key === 'Escape') this.stay();
    if (event.key !== 'Tab') return;
    const all = Array.from(this.dialog.querySelectorAll('a, button')), at = all.indexOf(document.activeElement);
    event.preventDefault();
    all[(at + (event.shiftKey ? -1 : 1) + all.length) % all.length].focus();
  }

  // A sheet of the chat that closed leaves our own state on top.
  onBack() {
    if (this.isMeant || (history.state && (history.state.call || history.state.sheet))) return;
    history.pushState({ call: true }, '');
    this.ask();
  }

  onUnload(event) {
    if (this.isMeant || !this.call.isTalking) return;
    event.preventDefault();
    event.returnValue = '';
  }

  stop() {
    this.turn = 0;
    this.heard.forEach(([where, name, act]) => where.removeEventListener(name, act));
  }
}
