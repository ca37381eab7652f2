// The patient's column in their doctor's call: there from the beginning where there is room, else behind a button. What is
// typed in it is kept by its own forms; it is asked for once.
import { Emitter } from '../lib/emitter.js';
import { leadOutside } from './chat-panel.js';

export class PatientPanel extends Emitter {
  constructor(parts) {
    super();
    Object.assign(this, { parts, panel: parts.get('patient'), body: parts.get('patient-body') }); // a doctor's page has them
    if (!this.panel) return;
    leadOutside(this.panel);
    this.onEscape = (event) => { if (event.key === 'Escape' && this.isOpen && this.panel.contains(document.activeElement)) this.close(); };
    document.addEventListener('keydown', this.onEscape);
  }

  get isOpen() { return Boolean(this.panel) && !this.panel.hidden; }

  begin() { if (this.panel && matchMedia('(min-width: 75em)').matches) this.open(); }

  toggle() {
    if (this.isOpen) { this.close(); return; }
    this.opener = document.activeElement;
    this.open();
    this.panel.focus();
  }

  open() {
    this.panel.hidden = false;
    this.emit('changed');
    if (!this.isLoaded) this.load();
  }

  load() {
    this.isLoaded = true;
    this.body.innerHTML = '<p class="call__chat-wait" role="status">Открываем…</p>';
    ibolit.ask('GET', this.panel.dataset.column, null, (status, html) => {
      this.isLoaded = status === 200;
      this.body.innerHTML = this.isLoaded ? html : '<p class="call__chat-wait" role="alert">Не открылось: нет связи. Закройте и откройте снова.</p>';
      htmx.process(this.body);
      ibolit.scan(this.body);
    });
  }

  // What was typed stays: it is hidden, not taken out.
  close() {
    this.panel.hidden = true;
    this.emit('changed');
    if (this.opener && this.opener.focus) this.opener.focus();
  }

  stop() {
    if (!this.panel) return;
    document.removeEventListener('keydown', this.onEscape);
    ibolit.stop(this.body);
  }
}
