// The sheet in which a picture is chosen: one of this device, or one of the chat. Nothing that is shown from the device is
// kept anywhere.
const UNREADABLE = 'Эта картинка здесь не открывается. Подойдут JPEG и PNG.';
const NOT_COME = 'Картинка не открылась. Проверьте интернет и нажмите ещё раз.';
const NOT_LISTED = 'Файлы чата не открылись: нет связи.';
const NONE = 'В чате ещё нет картинок.';

export class PictureChoice {
  // `show` gets an address and answers with a promise.
  constructor(pattern, show) {
    this.pattern = pattern;
    this.show = show;
  }

  open() {
    const place = document.getElementById('sheet');
    place.textContent = '';
    place.appendChild(document.importNode(this.pattern.content, true));
    this.sheet = place.firstElementChild;
    this.part = (name) => this.sheet.querySelector(`[data-part="${name}"]`);
    const field = this.part('picture-field'), more = this.part('pictures-more');
    this.part('picture-here').addEventListener('click', () => field.click());
    field.addEventListener('change', () => { if (field.files[0]) this.takeFile(field.files[0]); });
    more.addEventListener('click', () => this.list(more.value));
    ibolit.scan(place);
    this.list(this.sheet.getAttribute('data-files'));
  }

  async list(address) {
    const sheet = this.sheet, more = this.part('pictures-more');
    more.hidden = true;
    this.say('Открываем файлы чата…');
    try {
      const answer = await fetch(address, { credentials: 'same-origin' });
      if (!answer.ok) throw new Error(String(answer.status));
      const page = new DOMParser().parseFromString(await answer.text(), 'text/html'), next = page.querySelector('.files__more a');
      if (sheet !== this.sheet) return;
      page.querySelectorAll('.files__picture').forEach((link) => this.offer(link));
      more.value = next ? next.getAttribute('href') : '';
      more.hidden = !next;
      this.say(next || this.part('pictures-list').firstChild ? '' : NONE);
    } catch (error) {
      if (sheet !== this.sheet) return;
      more.value = address;
      more.hidden = false;
      this.say(NOT_LISTED);
    }
  }

  offer(link) {
    const button = document.createElement('button'), small = new Image(), known = link.querySelector('img');
    button.type = 'button';
    button.className = 'call__picture';
    small.src = known.getAttribute('src');
    small.alt = known.alt;
    button.appendChild(small);
    button.addEventListener('click', () => this.take(link.getAttribute('href').replace(/\/view$/, '/shown'), NOT_COME));
    this.part('pictures-list').appendChild(button);
  }

  async takeFile(file) {
    const address = URL.createObjectURL(file);
    await this.take(address, UNREADABLE);
    URL.revokeObjectURL(address);
  }

  async take(address, otherwise) {
    const sheet = this.sheet;
    this.say('Открываем картинку…');
    try {
      await this.show(address);
      if (document.body.contains(sheet)) sheet.querySelector('[data-close]').click();
    } catch (error) { if (sheet === this.sheet) this.say(otherwise); }
  }

  say(words) { this.part('pictures-words').textContent = words; }
}
