// What shows pictures over the chat (viewer.js) is fetched with the first that is pressed; it opens when that is there. If it
// does not come, the link leads to the picture's own page, as it does without scripts. A kept copy of the page brings it along.
import { isForAnotherTab } from '../lib/presses.js';

let isAsked = false, isHere = false;

function fetchViewer(done, failed) {
  const script = document.createElement('script');
  script.type = 'module';
  script.src = document.querySelector('[data-viewer-script]').getAttribute('data-viewer-script');
  script.onload = () => { isHere = true; done(); };
  script.onerror = () => {
    isAsked = false;
    script.remove();
    failed();
  };
  document.head.appendChild(script);
}

document.addEventListener('click', (event) => {
  const link = event.target.closest('a[data-viewer]');
  if (isHere || !link || event.defaultPrevented || isForAnotherTab(event)) return;
  event.preventDefault();
  if (isAsked) return; // pressed again meanwhile
  isAsked = true;
  fetchViewer(() => link.click(), () => ibolit.go(link.href));
});
