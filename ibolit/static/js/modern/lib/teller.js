// Whoever has something to tell, and whoever listens: on(name, hear), tell(name, …what).
class Teller {
  constructor() { this.listeners = {}; }

  on(name, hear) {
    (this.listeners[name] = this.listeners[name] || []).push(hear);
    return this;
  }

  tell(name, ...what) { (this.listeners[name] || []).forEach((hear) => hear(...what)); }
}
