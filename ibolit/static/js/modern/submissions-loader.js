// What carries files is fetched only where something waits for it: see resume-submissions.js.
let isAsked = false;

function look() {
  const here = document.querySelector('.composer'), open = here && here.getAttribute('data-chat');
  if (isAsked || !ibolit.submissions.all().some((one) => one.chat !== open)) return;
  isAsked = true;
  const script = document.createElement('script');
  script.type = 'module';
  script.src = document.body.getAttribute('data-submissions');
  script.onerror = () => {
    isAsked = false;
    script.remove();
    htmx.trigger(document.body, 'ibolit:script-missing');
  };
  document.head.appendChild(script);
}

['ibolit:pending', 'htmx:wsOpen'].forEach((name) => document.body.addEventListener(name, look));
window.addEventListener('online', look);
ibolit.submissions.listen(look);
look();
