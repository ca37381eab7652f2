// What stands on the page of a call or of its check: found by name, pressed by name.

export class NamedParts {
  constructor(main) {
    this.main = main;
    this.actions = {};
    this.onPress = (event) => {
      const button = event.target.closest('[data-do]');
      if (button && this.actions[button.getAttribute('data-do')]) this.actions[button.getAttribute('data-do')](event);
    };
    main.addEventListener('click', this.onPress);
  }

  get(name) { return this.main.querySelector(`[data-part="${name}"]`); }

  buttons(action) { return Array.from(this.main.querySelectorAll(`[data-do="${action}"]`)); }

  on(action, act) { this.actions[action] = act; }

  // A part or the buttons of an action; what this page has not is let be.
  show(name, isShown) {
    const part = this.get(name);
    (part ? [part] : this.buttons(name)).forEach((one) => { one.hidden = !isShown; });
  }

  // Said anew only when it is news: a screen reader reads all that is written.
  say(name, words) {
    const part = this.get(name);
    if (part.textContent !== words) part.textContent = words;
  }

  stop() { this.main.removeEventListener('click', this.onPress); }
}
