// Leaving is asked once: by the page when «завершить» or Back is pressed, by the browser when the tab is closed.
class Leaving {
  constructor(parts, isTalking) {
    this.dialog = parts.get('leaving');
    this.isTalking = isTalking;
    this.isMeant = false;
    parts.on('end', () => this.ask());
    parts.on('stay', () => this.stay());
    this.heard = [
      [parts.main, 'click', (event) => { if (event.target.closest('a[data-leaves]')) this.mean(); }],
      [parts.main, 'submit', (event) => { if (event.target.hasAttribute('data-leaves')) this.mean(); }],
      [this.dialog, 'click', (event) => { if (event.target === this.dialog) this.stay(); }],
      [document, 'keydown', (event) => this.onKey(event)],
      [window, 'popstate', () => this.onBack()],
      [window, 'beforeunload', (event) => this.onUnload(event)]
    ];
    this.heard.forEach(([where, name, act]) => where.addEventListener(name, act));
    if (!history.state || !history.state.call) history.pushState({ call: true }, '');
  }

  mean() { this.isMeant = true; }

  ask() {
    if (!this.dialog.hidden) return;
    this.opener = document.activeElement;
    this.dialog.hidden = false;
    this.dialog.querySelector('.sheet__panel').focus();
  }

  stay() {
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
    if (this.isMeant || !this.isTalking()) return;
    event.preventDefault();
    event.returnValue = '';
  }

  stop() { this.heard.forEach(([where, name, act]) => where.removeEventListener(name, act)); }
}
