// All ways by which files come into the tray: the paperclip, the camera, the clipboard, and a drop on a desktop.
ibolit.behaviour('file-picker', (clip) => {
  const form = clip.closest('form'), chat = clip.closest('.chat'), drop = document.createElement('p');
  const hasKeyboard = matchMedia('(hover: hover) and (pointer: fine)').matches;
  let depth = 0;

  function give(files) {
    if (files.length) htmx.trigger(form, 'ibolit:files-picked', { files });
  }

  function onChange(event) {
    const input = event.target;
    if (input.type !== 'file') return;
    give([...input.files]);
    input.value = '';
    clip.open = false;
    (hasKeyboard ? form.querySelector('.composer__text') : clip.querySelector('summary')).focus();
  }

  function onToggle() {
    if (clip.open) htmx.trigger(form, 'ibolit:touched');
  }

  function onPress(event) {
    if (!clip.open) return;
    const isBeside = !clip.contains(event.target), isWay = clip.contains(event.target) && event.target.closest('a');
    if (isBeside || isWay) clip.open = false;
    if (isWay) clip.querySelector('summary').focus(); // where the dialog leads back to
  }

  function onKey(event) {
    if (event.keyCode !== 27 || !clip.open) return;
    clip.open = false;
    clip.querySelector('summary').focus();
  }

  // Office programs put a picture of the text beside the text: then the text is meant.
  function onPaste(event) {
    const data = event.clipboardData, files = data ? [...data.files] : [];
    if (!files.length || data.getData('text/plain') || isElsewhere(event.target)) return;
    event.preventDefault();
    give(files.map((file) => (/^image\.png$/.test(file.name) ? new File([file], 'Изображение.png', { type: file.type }) : file)));
  }

  function isElsewhere(target) { return /^(INPUT|TEXTAREA)$/.test(target.tagName) && !form.contains(target); }

  function bringsFiles(event) { return [...event.dataTransfer.types].includes('Files'); }

  function onDragEnter(event) {
    if (!bringsFiles(event)) return;
    depth += 1;
    drop.hidden = false;
  }

  function onDragLeave() {
    depth = Math.max(0, depth - 1);
    drop.hidden = !depth;
  }

  // Let fall anywhere, or the browser would leave the page and open the file.
  function onDragOver(event) {
    if (!bringsFiles(event)) return;
    event.preventDefault();
    event.dataTransfer.dropEffect = 'copy';
  }

  function onDrop(event) {
    depth = 0;
    drop.hidden = true;
    if (!bringsFiles(event)) return;
    event.preventDefault();
    const folders = [...event.dataTransfer.items].map((one) => {
      const entry = one.webkitGetAsEntry && one.webkitGetAsEntry();
      return entry && entry.isDirectory ? entry.name : '';
    });
    give([...event.dataTransfer.files].filter((file) => !folders.includes(file.name)));
  }

  drop.className = 'drop';
  drop.hidden = true;
  drop.textContent = 'Отпустите, чтобы прикрепить';
  chat.appendChild(drop);
  clip.addEventListener('change', onChange);
  clip.addEventListener('toggle', onToggle);
  const heard = [['click', onPress], ['keydown', onKey], ['paste', onPaste], ['dragenter', onDragEnter], ['dragleave', onDragLeave],
    ['dragover', onDragOver], ['drop', onDrop]];
  heard.forEach(([name, hear]) => document.addEventListener(name, hear));
  return () => {
    drop.remove();
    heard.forEach(([name, hear]) => document.removeEventListener(name, hear));
  };
});
