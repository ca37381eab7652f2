// The other side's picture and sound. No engine may stop what is live: behind another tab, in a window over others, by a
// headset's button. Where it plays only after a press (tells `changed`), there is a button.
import { Emitter } from '../lib/emitter.js';

export class Playback extends Emitter {
  constructor(video) {
    super();
    this.video = video;
    this.needsPress = false;
  }

  take(stream) {
    if (this.video.srcObject !== stream) this.video.srcObject = stream;
    const playing = this.video.play();
    if (playing) playing.then(() => this.need(false), (error) => { if (error.name === 'NotAllowedError') this.need(true); });
  }

  press() { this.take(this.video.srcObject); }

  resume() { if (this.video.srcObject && this.video.paused) this.press(); }

  need(isNeeded) {
    this.needsPress = isNeeded;
    this.emit('changed');
  }
}
