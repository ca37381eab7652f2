// A press that the browser opens elsewhere is left to it.
export function isForAnotherTab(event) { return event.button || event.ctrlKey || event.metaKey || event.shiftKey || event.altKey; }
