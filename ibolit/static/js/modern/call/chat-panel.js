// The chat over the call, or beside it on a wide screen: the chat's own page and behaviours in a panel. Whatever would
// lead away from the call opens in a tab of its own.
import { Emitter } from '../lib/emitter.js';

export class ChatPanel extends Emitter {
  constructor(parts) {
    super();
    const data = parts.main.dataset;
    Object.assign(this, { parts, panel: parts.get('chat'), body: parts.get('chat-body'), address: data.chat, id: data.chatId });
    this.scripts = [data.chatScript, data.viewerScript];
    this.unread = Number(data.unread) || 0; // written before this page was opened
    this.onApplied = (event) => this.count(event.detail.item);
    document.body.addEventListener('ibolit:applied', this.onApplied);
    this.onEscape = (event) => this.onKey(event);
    document.addEventListener('keydown', this.onEscape, true); // before what closes itself
    leadOutside(this.panel);
  }

  get isOpen() { return !this.panel.hidden; }

  toggle() { if (this.isOpen) this.close(); else this.open(); }

  async open() {
    this.opener = document.activeElement;
    this.panel.hidden = false;
    this.panel.focus();
    this.unread = 0;
    this.emit('changed');
    this.body.innerHTML = '<p class="call__chat-wait" role="status">Открываем чат…</p>';
    try {
      await Promise.all(this.scripts.map(fetchScript));
      const page = await text(this.address);
      if (this.isOpen) this.fill(page);
    } catch (error) {
      this.body.innerHTML = '<p class="call__chat-wait" role="alert">Чат не открылся: нет связи. Закройте его и откройте снова.</p>';
    }
  }

  fill(page) {
    const chat = new DOMParser().parseFromString(page, 'text/html').querySelector('.chat'), here = document.createElement('div');
    if (!chat) { ibolit.go(this.address); return; } // signed out meanwhile
    Array.from(chat.attributes).forEach((one) => here.setAttribute(one.name, one.value));
    Array.from(chat.children).forEach((child) => { if (!child.classList.contains('chat__bar')) here.appendChild(document.importNode(child, true)); });
    this.body.textContent = '';
    this.body.appendChild(here);
    htmx.process(here);
    ibolit.scan(here);
    const field = here.querySelector('.composer__text');
    if (field && matchMedia('(hover: hover) and (pointer: fine)').matches) field.focus();
    else if (!this.panel.contains(document.activeElement)) this.panel.focus(); // a keyboard on glass would cover the chat
  }

  // Out of the page, or what is said meanwhile would count as read.
  close() {
    ibolit.stop(this.body);
    this.body.textContent = '';
    this.panel.hidden = true;
    this.emit('changed');
    if (this.opener && this.opener.focus) this.opener.focus();
  }

  // Whatever lies over the chat – a picture, a sheet – takes the key for itself.
  onKey(event) {
    if (event.key === 'Escape' && this.isOpen && !event.defaultPrevented && !document.querySelector('#sheet > *, .viewer, .call__leave-dialog:not([hidden])')) this.close();
  }

  count(item) {
    const isHere = item.getAttribute('data-list') === `chat-${this.id}-messages`;
    if (!isHere || this.isOpen || item.classList.contains('message--mine') || !item.classList.contains('message')) return;
    if (this.last === item.id) return; // the same one, changed
    this.last = item.id;
    this.unread += 1;
    this.emit('changed');
  }

  stop() {
    document.body.removeEventListener('ibolit:applied', this.onApplied);
    document.removeEventListener('keydown', this.onEscape, true);
    if (this.isOpen) this.close();
  }
}

// Whatever in this panel would lead away from the call opens in a tab of its own.
export function leadOutside(panel) {
  panel.addEventListener('click', (event) => {
    const link = event.target.closest('a[href]');
    if (!link || event.defaultPrevented || isHtmx(link) || /^(#|tel:|mailto:)/.test(link.getAttribute('href'))) return;
    event.preventDefault();
    window.open(link.href, '_blank', 'noopener');
  });
  panel.addEventListener('submit', (event) => { if (!event.defaultPrevented && !isHtmx(event.target)) event.target.target = '_blank'; });
}

function isHtmx(element) { return element.hasAttribute('hx-get') || element.hasAttribute('hx-post'); }

const fetchedScripts = {};

export function fetchScript(address) {
  fetchedScripts[address] = fetchedScripts[address] || new Promise((done, failed) => {
    const script = document.createElement('script');
    script.type = 'module';
    script.src = address;
    script.onload = done;
    script.onerror = () => { delete fetchedScripts[address]; failed(new Error('no network')); };
    document.head.appendChild(script);
  });
  return fetchedScripts[address];
}

async function text(address) {
  const answer = await fetch(address, { credentials: 'same-origin' });
  if (!answer.ok) throw new Error(String(answer.status));
  return answer.text();
}
