// Shown when no way to the other side is found: the reason, and other ways to talk. Trying goes on meanwhile.
import * as devices from '../lib/devices.js';
import * as sockets from '../lib/sockets.js';

export class ConnectionHelp {
  constructor(call) {
    this.call = call;
    this.since = 0;
    this.found = '';
    this.asking = false;
  }

  // Once a second.
  look() {
    const { call } = this, isShut = !call.wasWelcome, limit = isShut ? ConnectionHelp.FOR_SOCKET : ConnectionHelp.FOR_PATH;
    if (!isShut && !call.isSeeking) { this.end(); return; }
    this.since = this.since || performance.now();
    if (performance.now() - this.since >= limit && !this.found && !this.asking) this.ask(isShut);
  }

  async ask(isShut) {
    const { call } = this, since = this.since;
    this.asking = true;
    const found = isShut ? await this.askForSocket() : await devices.reach(call.ice);
    this.asking = false;
    if (!found || since !== this.since) return;
    this.found = found;
    this.show();
  }

  // No word from the server, and its pages come.
  async askForSocket() { return (await sockets.canOpen(this.call.data.signal)) ? '' : 'sockets'; }

  get words() {
    const other = this.call.data.otherSide === 'doctor' ? 'врача' : 'пациента';
    if (this.found === 'relay') return `У вас связь с клиникой есть. У ${other} её, похоже, нет.`;
    if (this.found === 'direct') return 'Ваши сети не пропускают разговор друг к другу.';
    return `${devices.wayWords(this.found)}.`;
  }

  show() {
    const { parts } = this.call;
    parts.say('connection-help-words', this.words);
    parts.show('connection-help', true);
    this.call.main.classList.add('call--connection-help');
  }

  end() {
    this.since = 0;
    if (!this.found) return;
    this.found = '';
    this.call.parts.show('connection-help', false);
    this.call.main.classList.remove('call--connection-help');
  }
}
// Milliseconds.
ConnectionHelp.FOR_PATH = 15000;
ConnectionHelp.FOR_SOCKET = 8000;
