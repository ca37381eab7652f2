// How long the call lasts, on the clinic's clock, and that its time runs out.
const LEFT = ['', 'осталась 1 минута', 'осталось 2 минуты', 'осталось 3 минуты', 'осталось 4 минуты', 'осталось 5 минут'];

export class Duration {
  constructor(call) {
    this.call = call;
    this.ahead = 0; // milliseconds by which the clinic's clock is ahead of ours
  }

  follow({ now, closes }) {
    this.ahead = now - Date.now();
    this.closes = closes;
  }

  show() {
    const { call } = this, now = Date.now() + this.ahead, began = Number(call.data.started), left = Math.ceil((this.closes - now) / 60000);
    call.parts.say('time', began ? clockOf(Math.max(0, Math.floor((now - began) / 1000))) : '');
    if (left > 0 && left <= 5 && this.told !== left) {
      this.told = left;
      call.status.hintOnce('Время заканчивается: ' + LEFT[left]);
    }
  }
}

function clockOf(seconds) {
  const two = (number) => String(number).padStart(2, '0'), hours = Math.floor(seconds / 3600);
  return `${hours ? `${hours}:` : ''}${hours ? two(Math.floor(seconds / 60) % 60) : Math.floor(seconds / 60)}:${two(seconds % 60)}`;
}
