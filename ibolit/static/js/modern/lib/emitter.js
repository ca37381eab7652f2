// Listeners by name: on(name, hear), emit(name, …what).
export class Emitter {
  constructor() { this.listeners = {}; }

  on(name, hear) {
    (this.listeners[name] = this.listeners[name] || []).push(hear);
    return this;
  }

  emit(name, ...what) { (this.listeners[name] || []).forEach((hear) => hear(...what)); }
}
